import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeAddress } from '../../src/mainline/dht-node.ts';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { askRelay } from '../../test/http/relay/ask-relay.ts';
import { askUdp, query } from '../../test/support/dns-client.ts';
import { startHttpsServer, startTlsServer } from '../../test/support/encrypted-upstream.ts';
import { signedPacket } from '../../test/support/packets.ts';
import { answerAll } from '../../test/support/scripted-upstream.ts';
import { TestAuthority } from '../../test/support/test-certificate.ts';
import { startKeySite } from './key-site.ts';
import { HOST, type Server } from './process.ts';

/** What there is to use of pkarrd beside the answers of a plain upstream, on this machine. */
export interface Everything {
  /** What pkarrd is started with to use it. */
  readonly words: readonly string[];
  /**
   * Uses it once: an upstream over TLS and one over HTTPS, a relay for a key that the DHT does not have, the gateway to a site, the
   * relay of its own, which publishes a packet, and the page. `httpPort` is where its HTTP side is.
   */
  use(server: Server, httpPort: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts all that is used. */
export async function startEverything(bootstrap: readonly NodeAddress[]): Promise<Everything> {
  const authority = await TestAuthority.create();
  const certificate = await authority.issue({});
  const tls = await startTlsServer(certificate, (received) => received.send(answerAll(received)));
  const https = await startHttpsServer(certificate, (received) => received.send(answerAll(received)));
  let asked = 0;
  const relay = createServer((_, response) => {
    asked++;
    response.writeHead(404).end();
  }).listen(0, HOST);
  await once(relay, 'listening');
  const site = await startKeySite(bootstrap, (_, response) => response.end('the site of a key'));
  const folder = mkdtempSync(join(tmpdir(), 'pkarrd-everything-'));
  const authorityFile = join(folder, 'authority.pem');
  writeFileSync(authorityFile, authority.pem);
  return {
    words: [
      ...['--upstream', `/tls.example/tls://${HOST}:${tls.port}#dns.example`],
      ...['--upstream', `/https.example/https://dns.example:${https.port}/dns-query@${HOST}`],
      ...['--upstream-ca', authorityFile],
      ...['--relay', `http://${HOST}:${(relay.address() as AddressInfo).port}`, '--relay-use', 'always'],
      ...['--gateway-private', site.key],
    ],
    async use(server, httpPort) {
      for (const name of ['a.tls.example', 'a.https.example']) {
        assert.equal((await askUdp(server, query(name))).answers.length, 1, name);
      }
      const unknown = asked;
      await askUdp(server, query(KeyPair.generate().publicKey.text));
      assert.ok(asked > unknown, 'the relay was asked');
      const host = `${site.key}.localhost:${httpPort}`;
      const opened = await askRelay(httpPort, { path: '/', headers: { host } });
      assert.equal(String(opened.body), 'the site of a key');
      const pair = KeyPair.generate();
      const body = signedPacket(pair, Math.floor(Date.now() / 1000)).toRelayPayload();
      const put = await askRelay(httpPort, { method: 'PUT', path: `/${pair.publicKey.text}`, body });
      assert.ok(put.status >= 200 && put.status < 300, `the packet was published: ${put.status}`);
      assert.equal((await askRelay(httpPort, { path: '/' })).status, 200, 'the page');
    },
    async close() {
      site.close();
      relay.closeAllConnections();
      relay.close();
      await tls[Symbol.asyncDispose]();
      await https[Symbol.asyncDispose]();
      await authority[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
