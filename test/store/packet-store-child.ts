import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { silentLog } from '../../src/observe/log.ts';
import { openPacketStore } from '../../src/store/open-packet-store.ts';
import { signedPacket, testKey } from '../support/packets.ts';

// The process that the test of the store kills: it puts newer and newer packets of some keys, older ones in between,
// and says on standard output which it was promised. Arguments: directory, first timestamp, keys, maxBytes.
const [directory = '', first = '0', keys = '1', maxBytes = '0'] = process.argv.slice(2);
const store = await openPacketStore({
  directory,
  maxBytes: Number(maxBytes),
  log: silentLog,
  now: () => performance.now(),
  nowWall: () => Date.now(),
  randomBytes,
});

async function publish(n: number, from: number): Promise<void> {
  const key = testKey(n);
  for (let timestamp = from; ; timestamp++) {
    const [result, older] = await Promise.all([
      store.put(signedPacket(key, timestamp), Date.now()),
      store.put(signedPacket(key, timestamp - 1), Date.now()),
    ]);
    if (result !== 'durable') throw new Error(`A put was ${result}.`);
    if (older === 'durable' && timestamp > from) throw new Error('An older packet was taken.');
    // A pipe that the other end reads takes a short line whole, even if this process is killed right after.
    writeSync(1, `${n} ${timestamp}\n`);
  }
}

await Promise.all(Array.from({ length: Number(keys) }, (_, n) => publish(n + 1, Number(first))));
