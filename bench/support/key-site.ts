import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeKeyCertificate } from '../../src/certificate/key-certificate.ts';
import type { NodeAddress } from '../../src/mainline/dht-node.ts';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { secretPem } from '../../src/pkarr/key-pem.ts';
import { parseZoneFile } from '../../src/pkarr/zone/file/zone-file.ts';
import { signedPacket } from '../../test/support/packets.ts';
import { HOST } from './process.ts';

/** The site of a key on this machine. */
export interface KeySite {
  /** The key as text. */
  readonly key: string;
  readonly port: number;
  close(): void;
}

/** Starts the site of a new key, and publishes where it is in the network of these nodes. */
export async function startKeySite(
  bootstrap: readonly NodeAddress[],
  respond: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<KeySite> {
  const keyPair = KeyPair.generate();
  const server = createServer(
    { key: secretPem(keyPair), cert: makeKeyCertificate(keyPair), minVersion: 'TLSv1.3' },
    respond,
  ).listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { records } = parseZoneFile(`$TTL 300\n@ A ${HOST}\n@ HTTPS 1 . port=${port}\n`, {
    origin: keyPair.publicKey.name,
  });
  const packet = signedPacket(keyPair, Math.floor(Date.now() / 1000), records);
  const publisher = await startMainlineNode({ bootstrap, host: HOST });
  await publisher.settled();
  await publisher.put(packet.item, { signal: AbortSignal.timeout(30_000) });
  await publisher.close();
  return {
    key: keyPair.publicKey.text,
    port,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
