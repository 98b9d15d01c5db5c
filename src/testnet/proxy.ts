import { MainlineError } from '../mainline/errors.ts';
import type { ThreadWarning } from '../mainline/thread/forward-warnings.ts';
import { spawnThread } from '../mainline/thread/spawn.ts';
import type { FromTestNetworkThread } from './messages.ts';
import type { TestNetwork, TestNetworkOptions } from './test-network.ts';

/** Starts a test network in a thread of its own, so that it does not disturb measurements. Rejects with MainlineError. */
export async function startTestNetworkThread(options: TestNetworkOptions): Promise<TestNetwork> {
  const worker = spawnThread(new URL('./testnet-thread.js', import.meta.url), options);
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const first = await new Promise<Exclude<FromTestNetworkThread, ThreadWarning>>((resolve, reject) => {
    worker.on('message', (message: FromTestNetworkThread) => {
      if (message.kind === 'warning') process.emitWarning(message.message, message.name);
      else resolve(message);
    });
    worker.once('error', (cause) =>
      reject(new MainlineError('thread-died', 'the thread of the test network ended', { cause })),
    );
  });
  if (first.kind === 'start-failed') throw new MainlineError(first.problem.kind, first.problem.message);
  return {
    bootstrap: first.bootstrap,
    addresses: first.addresses,
    close: () => {
      worker.postMessage('close');
      return exited;
    },
  };
}
