import type { Worker } from 'node:worker_threads';
import { spawnThread } from '../../../mainline/thread/spawn.ts';
import type { FromVanityThread } from './messages.ts';

/** A search in as many threads as there are processors. */
export interface SearchOptions {
  /** As `readPrefix` returned it. */
  readonly prefix: string;
  readonly threads: number;
  /** Called some times a second with the number of keys that were tried since the last call. */
  readonly onTried: (count: number) => void;
}

/** Resolves with the seed of a key with the prefix. Rejects when a thread cannot be started or ends. */
export async function searchKey({ prefix, threads, onTried }: SearchOptions): Promise<Uint8Array> {
  const workers: Worker[] = [];
  try {
    return await new Promise<Uint8Array>((resolve, reject) => {
      for (let started = 0; started < threads; started++) {
        const worker = spawnThread(new URL('./vanity-thread.js', import.meta.url), prefix);
        workers.push(worker);
        worker.on('message', (message: FromVanityThread) => {
          if (message.kind === 'found') resolve(message.seed);
          else onTried(message.count);
        });
        worker.once('error', reject);
        worker.once('exit', (code) => reject(new Error(`a thread that searches ended with ${code}`)));
      }
    });
  } finally {
    // A thread never looks at its messages; it ends between two keys.
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
