import type { Worker } from 'node:worker_threads';
import { orAborted } from '../async/or-aborted.ts';
import { MainlineError } from '../mainline/errors.ts';
import type { ThreadWarning } from '../mainline/thread/forward-warnings.ts';
import { spawnThread } from '../mainline/thread/spawn.ts';
import type { FromTestNetworkThread } from './messages.ts';
import type { TestNetwork, TestNetworkOptions } from './test-network.ts';

/** Heap limit of the thread in megabytes: each of 2,000 nodes takes 0.15. */
const MAX_HEAP_MB = 1024;

/** What the thread says first of its own start. */
type Outcome = Exclude<FromTestNetworkThread, ThreadWarning>;

/**
 * Starts a test network in a thread of its own, so that it does not disturb measurements. Rejects with MainlineError; with the
 * reason of `signal` when that aborts before all nodes have joined, and then nothing is left running.
 */
export async function startTestNetworkThread(
  options: TestNetworkOptions,
  signal?: AbortSignal,
): Promise<TestNetwork> {
  signal?.throwIfAborted();
  const worker = spawn(options);
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const started = new Promise<Outcome>((resolve, reject) => {
    let cause: unknown;
    worker.on('message', (message: FromTestNetworkThread) => {
      if (message.kind === 'warning') process.emitWarning(message.message, message.name);
      else resolve(message);
    });
    worker.once('error', (error) => {
      cause = error;
    });
    // After an outcome this has no effect.
    worker.once('exit', (code) => reject(ended(cause ?? `exit code ${code}`)));
  });
  const first = await (signal === undefined ? started : orAborted(started, signal)).catch(
    async (error: unknown) => {
      // Node 20 may crash when a thread that receives datagrams is terminated.
      worker.postMessage('close');
      await exited;
      throw error;
    },
  );
  if (first.kind === 'start-failed') {
    const { kind, message, code } = first.problem;
    throw new MainlineError(kind, message, { code });
  }
  return {
    bootstrap: first.bootstrap,
    addresses: first.addresses,
    close: () => {
      worker.postMessage('close');
      return exited;
    },
  };
}

/** @throws MainlineError when there is no memory or no permission for another thread. */
function spawn(options: TestNetworkOptions): Worker {
  try {
    return spawnThread(new URL('./testnet-thread.js', import.meta.url), options, MAX_HEAP_MB);
  } catch (error) {
    throw ended(error);
  }
}

function ended(cause: unknown): MainlineError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MainlineError('thread-died', `the thread of the test network ended: ${why}`, { cause });
}
