// The smallest possible server on this runtime: it sends each datagram back with QR set. It shows how much of the cost is that of
// the runtime. Run as a process of its own with the address and port as arguments.
import { createSocket } from 'node:dgram';
import { bun } from '../../src/system/bun/api.ts';

const host = process.argv[2] ?? '127.0.0.1';
const port = Number(process.argv[3]);

if (bun === undefined) {
  const lookup = (
    name: string,
    _: unknown,
    callback: (error: null, address: string, family: number) => void,
  ) => callback(null, name, 4);
  const socket = createSocket({ type: 'udp4', lookup, recvBufferSize: 4 << 20 });
  socket.on('message', (octets, from) => {
    octets[2] = (octets[2] ?? 0) | 0x80;
    socket.send(octets, from.port, from.address);
  });
  socket.bind(port, host);
} else {
  let waiting: (Uint8Array | number | string)[] = [];
  const socket = await bun.udpSocket({
    hostname: host,
    port,
    socket: {
      data(_, octets, fromPort, from) {
        octets[2] = (octets[2] ?? 0) | 0x80;
        if (waiting.length === 0) setImmediate(flush);
        waiting.push(octets, fromPort, from);
      },
      error: () => {},
    },
  });
  const flush = () => {
    const list = waiting;
    waiting = [];
    socket.sendMany(list);
  };
}
