import { once } from 'node:events';
import { createServer } from 'node:http';
import { networkInterfaces } from 'node:os';
import { createGateway } from '../../../src/gateway/gateway.ts';
import { startMainlineNode } from '../../../src/mainline/node/node.ts';
import { silentLog } from '../../../src/observe/log.ts';
import { SignedPacket } from '../../../src/pkarr/signed-packet.ts';
import { firstEvent } from '../../mainline/support/walk.ts';
import type { Scene } from './scene.ts';

/** The gateway on 127.0.0.1:8053, with packets from the DHT of a scene. */
export async function openGateway({ dht }: Scene): Promise<AsyncDisposable> {
  const [host = '', port = ''] = dht.bootstrap.split(':');
  const node = await startMainlineNode({ bootstrap: [{ host, port: Number(port) }], host: '127.0.0.1' });
  await node.ready();
  const gateway = createGateway({
    lookups: {
      async packet(key) {
        const event = await firstEvent(node, key.toBytes(), 'item');
        if (event?.kind !== 'item') return undefined;
        const verdict = SignedPacket.fromItem(key, event.item);
        return verdict.ok ? verdict.packet : undefined;
      },
      addresses: async () => [],
    },
    isPrivateAllowed: () => false,
    ownAddresses: () =>
      Object.values(networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? []),
    log: silentLog,
  });
  const server = createServer({ requestTimeout: 0 }, (request, response) =>
    gateway.handle(request, response),
  );
  server.on('upgrade', (request, socket, head) => gateway.upgrade(request, socket, head));
  server.listen(8053, '127.0.0.1');
  await once(server, 'listening');
  return {
    async [Symbol.asyncDispose]() {
      gateway.close();
      server.closeAllConnections();
      server.close();
      await node.close();
    },
  };
}
