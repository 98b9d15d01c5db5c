/** Stands for the thread of the HTTP side: says its number to whoever connects, and ends when it is told `end`. */
import { createServer } from 'node:net';
import { parentPort, threadId, workerData } from 'node:worker_threads';
import type { ThreadOptions } from '../../src/http/messages.ts';
import { listenTcp } from '../../src/system/listen-tcp.ts';

const { sockets }: ThreadOptions = workerData;
let left = sockets.length;
for (const { address, descriptor } of sockets) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (octets) => {
      if (octets.toString() === 'end') process.exit(3);
      socket.write(`${threadId} ${octets}`);
    });
  });
  server.once('listening', () => {
    if (--left === 0) parentPort?.postMessage({ kind: 'listening' });
  });
  listenTcp(server, { ...address, descriptor });
}
parentPort?.on('message', ({ kind }: { readonly kind: string }) => {
  if (kind === 'close') process.exit(0);
});
