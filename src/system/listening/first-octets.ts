import type { Socket } from 'node:net';

/**
 * Waits for the first octets of a connection, without taking them, and calls `onFirst` once. Until `stop` is called a client that leaves
 * is noticed, although nobody reads: its connection is destroyed.
 * @returns `stop`, to be called before anybody else reads.
 */
export function onFirstOctets(socket: Socket, onFirst: () => void): () => void {
  let before = 0;
  // It comes with more octets, and with the end of them.
  const onReadable = () => {
    const isFirst = before === 0;
    if (socket.bytesRead === before) {
      socket.destroy();
      return;
    }
    before = socket.bytesRead;
    if (isFirst) onFirst();
  };
  socket.on('readable', onReadable);
  return () => socket.off('readable', onReadable);
}
