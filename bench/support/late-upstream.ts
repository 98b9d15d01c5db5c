// Stands before an upstream and hands on its answers some milliseconds late, as one that is far away: late-upstream.js ADDRESS PORT
// UPSTREAM-PORT MILLISECONDS
import { createSocket, type RemoteInfo } from 'node:dgram';

const [host = '127.0.0.1', port, upstreamPort, milliseconds] = process.argv.slice(2);

/** Who asked, by the ID that the upstream sees: those of several clients may be the same. */
const waiting = new Map<number, { readonly id: number; readonly from: RemoteInfo; readonly at: number }>();
let lastId = 0;

const clients = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
const upstream = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
upstream.connect(Number(upstreamPort), host, () => clients.bind(Number(port), host));

clients.on('message', (request, from) => {
  lastId = (lastId + 1) & 0xffff;
  waiting.set(lastId, { id: request.readUInt16BE(0), from, at: performance.now() });
  request.writeUInt16BE(lastId, 0);
  upstream.send(request);
});
upstream.on('message', (reply) => {
  const asked = waiting.get(reply.readUInt16BE(0));
  if (asked === undefined) return;
  waiting.delete(reply.readUInt16BE(0));
  reply.writeUInt16BE(asked.id, 0);
  const due = asked.at + Number(milliseconds) - performance.now();
  setTimeout(() => clients.send(reply, asked.from.port, asked.from.address), due);
});
