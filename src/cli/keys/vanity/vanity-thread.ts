/** The entry point of a thread that searches for a key with a prefix. Only `search.ts` starts it. */
import { generateKeyPairSync } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { SEED_LENGTH } from '../../../pkarr/secret/found-secret.ts';
import type { FromVanityThread } from './messages.ts';
import { prefixMatcher } from './prefix.ts';

/** Milliseconds between two messages. */
const INTERVAL = 250;
/** Keys that are tried before the clock is read. */
const BATCH = 64;

if (parentPort === null) throw new Error('this file runs as a worker thread only');
const port = parentPort;
const isWanted = prefixMatcher(workerData as string);
const say = (message: FromVanityThread) => port.postMessage(message);

// A file of a key has its seed, so each try is a hash and a multiplication: there is no step from one seed to the next. The
// library of the runtime does both faster than any code of ours, and takes the seed from the random numbers of the system.
for (let toldAt = performance.now(), count = 0; ; ) {
  for (let tried = 0; tried < BATCH; tried++) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    // RFC 8410: the key, or its seed, stands at the end.
    if (!isWanted(publicKey.export({ format: 'der', type: 'spki' }).subarray(-SEED_LENGTH))) continue;
    const seed = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-SEED_LENGTH);
    say({ kind: 'found', seed: new Uint8Array(seed) });
  }
  count += BATCH;
  const now = performance.now();
  if (now - toldAt < INTERVAL) continue;
  say({ kind: 'tried', count });
  toldAt = now;
  count = 0;
}
