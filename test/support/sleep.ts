/**
 * Loaded before the program, this lets the machine sleep as a process sees it: the time of day runs on by as many
 * milliseconds as a datagram says, to the port that it prints, and the monotonic clock does not.
 */
import { createSocket } from 'node:dgram';
import { isMainThread } from 'node:worker_threads';

let slept = 0;
const { now } = Date;
Date.now = () => now() + slept;

if (isMainThread) {
  const socket = createSocket('udp4');
  socket.on('message', (octets, { address, port }) => {
    slept += Number(octets.toString());
    socket.send('slept', port, address);
  });
  // Of its own: workers of Node's cluster would share it.
  socket.bind({ port: 0, address: '127.0.0.1', exclusive: true }, () => {
    process.stdout.write(`sleep in ${process.pid} at ${socket.address().port}\n`);
  });
  socket.unref();
}
