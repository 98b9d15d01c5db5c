// The smallest possible HTTP/2 server on this runtime: it answers each request with the same 468 octets. It shows how much of the
// cost is that of the runtime. Run as a process of its own with the address, the port, the files of the certificate and its key,
// and the kind of server as arguments: `Node` takes requests and responses, as its documentation does, `Node, streams` what is
// below them, and `Node, unit` is `Node` with the memory that pkarrd's unit allows. It answers the first datagram at the port
// before that too, which tells that it listens.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { bun } from '../../src/system/bun/api.ts';

const [host = '127.0.0.1', portText, certFile = '', keyFile = '', kind] = process.argv.slice(2);
const port = Number(portText);
const [cert, key] = [readFileSync(certFile, 'utf8'), readFileSync(keyFile, 'utf8')];
const reply = Buffer.alloc(468);
const headers = { 'content-type': 'application/dns-message', 'cache-control': 'max-age=60' };

if (kind === 'Node, streams') {
  const server = createSecureServer({ cert, key });
  server.on('stream', (stream) => {
    const answer = () => {
      stream.respond({ ':status': 200, ...headers, 'content-length': reply.length });
      stream.end(reply);
    };
    if (stream.endAfterHeaders) answer();
    else stream.on('end', answer).resume();
  });
  server.listen(port, host);
} else if (bun === undefined) {
  const server = createSecureServer({ cert, key }, (request, response) => {
    const answer = () => {
      response.writeHead(200, { ...headers, 'content-length': reply.length });
      response.end(reply);
    };
    if (request.method === 'GET') answer();
    else request.resume().on('end', answer);
  });
  server.listen(port, host);
} else {
  bun.serve({
    ...{ hostname: host, port, http2: true, tls: { cert, key } },
    fetch: (request) =>
      request.method === 'GET'
        ? new Response(reply, { headers })
        : request.arrayBuffer().then(() => new Response(reply, { headers })),
  });
}
const socket = createSocket('udp4');
socket.on('message', (octets, from) => {
  octets[2] = (octets[2] ?? 0) | 0x80;
  socket.send(octets, from.port, from.address);
});
socket.bind(port - 1, host);
