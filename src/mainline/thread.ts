/** What runs in a thread of the DHT. It is started by `thread-spawn.ts` and by nobody else. */
import { parentPort, workerData } from 'node:worker_threads';
import { MainlineError } from './mainline-error.ts';
import { serveNode } from './node-thread.ts';
import { startTestNetwork } from './test-network.ts';
import type { FromTestNetworkThread, FromThread, ThreadTask } from './thread-messages.ts';

if (parentPort === null) throw new Error('this file runs as a worker thread only');
const port = parentPort;
const task: ThreadTask = workerData;

try {
  if (task.role === 'node') {
    await serveNode(task.options, port);
  } else {
    const network = await startTestNetwork(task.options);
    port.once('message', () => void network.close().then(() => port.close()));
    port.postMessage({
      kind: 'network',
      bootstrap: network.bootstrap,
      addresses: network.addresses,
    } satisfies FromTestNetworkThread);
  }
} catch (error) {
  // Anything else is a bug: it ends the thread, and whoever started it is told.
  if (!(error instanceof MainlineError)) throw error;
  const problem = { kind: error.kind, message: error.message };
  port.postMessage({ kind: 'start-failed', problem } satisfies FromThread);
  port.close();
}
