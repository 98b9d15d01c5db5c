/**
 * Loaded before the program, this throws where nobody catches: what a datagram names, to the port that it prints, for
 * the main process, for each worker, and for each thread of which the runtime loads it.
 */
import { createSocket } from 'node:dgram';
import { isMainThread } from 'node:worker_threads';

/** What is thrown. */
const errors: Readonly<Record<string, () => Error>> = {
  memory: () => new RangeError('Array buffer allocation failed'),
  invariant: () =>
    Object.assign(new Error('an older packet took the place of a newer'), { name: 'InvariantError' }),
};

const { PKARRD_ROLE: role } = process.env;
const part = !isMainThread ? 'thread' : role === 'worker' ? 'worker' : 'main';
const socket = createSocket('udp4');
socket.on('message', (octets) => {
  const [way = '', what = ''] = octets.toString().split(' ');
  const special = errors[what]?.();
  switch (way) {
    case 'exit':
      process.exit(9);
      return;
    case 'timer':
      setTimeout(function faultyTimer() {
        throw special ?? new Error('a fault of the test, timer');
      }, 1);
      return;
    case 'rejection':
      Promise.reject(special ?? new Error('a fault of the test, rejection'));
      return;
    default:
      throw special ?? new Error('a fault of the test, socket');
  }
});
// Of its own: workers of Node's cluster would share it.
socket.bind({ port: 0, address: '127.0.0.1', exclusive: true }, () => {
  // Not with `console`, which a thread hands to the main thread later.
  process.stdout.write(`faults in ${part} ${process.pid} at ${socket.address().port}\n`);
});
socket.unref();
