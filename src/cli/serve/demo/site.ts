import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeKeyCertificate } from '../../../certificate/key-certificate.ts';
import type { KeyPair } from '../../../pkarr/key-pair.ts';
import { secretPem } from '../../../pkarr/key-pem.ts';
import { NODES } from './nodes.ts';

/** The web server of the demo. */
export interface Site {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  close(): Promise<void>;
}

/** Milliseconds for a request, and for a handshake: its one client is the gateway beside it. */
const REQUEST_MS = 10_000;

/** Starts a web server on a free port of loopback, with TLS by the key: its certificate is made of the key, and of no authority. */
export async function startSite(keyPair: KeyPair): Promise<Site> {
  const server = createServer(
    {
      cert: makeKeyCertificate(keyPair),
      key: secretPem(keyPair),
      minVersion: 'TLSv1.3',
      handshakeTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
    },
    (request, response) => {
      const isThere = request.url === '/';
      const body = isThere ? page(keyPair.publicKey.text) : 'Not found.\n';
      response.writeHead(isThere ? 200 : 404, {
        'content-type': `text/${isThere ? 'html' : 'plain'}; charset=utf-8`,
        'content-length': Buffer.byteLength(body),
        'content-security-policy': POLICY,
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const STYLE = `
:root { color-scheme: light dark; font: 1.1rem/1.6 system-ui, sans-serif; }
body { max-width: 40rem; margin: 10vh auto; padding: 0 1.25rem; }
h1 { font-size: 1.7rem; line-height: 1.25; }
code { overflow-wrap: anywhere; }
li { margin-block: 0.6rem; }
`;

const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

function page(key: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>A site whose name is a public key</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>The name of this site is a public key</h1>
<p><code>${key}</code></p>
<p>Nobody sold this name, and nobody can take it away. This is what happened when you opened it:</p>
<ol>
<li>Your browser asked the gateway of pkarrd, which is on this machine: browsers take every name below
<code>localhost</code> for this machine.</li>
<li>pkarrd looked the key up in a DHT, here one of ${NODES} nodes, and found records with a valid signature of the key.</li>
<li>Its HTTPS record names the server of this page.</li>
<li>The server showed a certificate whose key is the name itself. So it was checked without any certificate authority, and only
then was the page fetched.</li>
</ol>
<p>With a key of your own, <code>pkarrd publish</code> puts records under it, and <code>pkarrd certificate --key</code> makes the
certificate for your web server.</p>
</main>
</body>
</html>
`;
}
