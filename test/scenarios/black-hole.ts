import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { NodeAddress } from '../../src/mainline/dht-node.ts';

/** A UDP port on loopback that is open and never answers, as behind a firewall that drops. */
export interface BlackHole {
  readonly address: NodeAddress;
  /** Datagrams that came. */
  readonly received: number;
  close(): Promise<void>;
}

/** Opens one. */
export async function openBlackHole(): Promise<BlackHole> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  let received = 0;
  socket.on('message', () => {
    received++;
  });
  return {
    address: { host: '127.0.0.1', port: socket.address().port },
    get received() {
      return received;
    },
    close: () => new Promise((done) => socket.close(done)),
  };
}
