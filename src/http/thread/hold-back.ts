import type { IncomingMessage, ServerResponse } from 'node:http';
import { bun } from '../../system/bun/api.ts';

/**
 * Has a client send no faster than its request is read. Node does so by itself; Bun reads all that comes and keeps it, so that a
 * site which takes nothing would fill the memory with an upload.
 */
export const holdBack: (request: IncomingMessage, response: ServerResponse) => void =
  bun === undefined ? () => {} : holdBackOnBun;

function holdBackOnBun(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  const read = request._read.bind(request);
  // Called when the request has room again, as by Node, whose own `_read` lets the socket go on.
  request._read = (size) => {
    read(size);
    socket.resume();
  };
  const onData = () => {
    if (request.readableLength >= request.readableHighWaterMark) socket.pause();
  };
  // After the parser's own listener.
  socket.on('data', onData);
  const release = () => {
    socket.off('data', onData);
    socket.resume();
  };
  request.once('end', release);
  request.once('close', release);
  // What nobody reads after the answer is not kept either; how long it is taken is for who answers to bound.
  response.once('finish', () => request.resume());
}
