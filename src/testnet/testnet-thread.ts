/** The entry point of the thread of a test network. Only `proxy.ts` starts it. */
import { parentPort, workerData } from 'node:worker_threads';
import { throwLater } from '../async/throw-later.ts';
import { MainlineError } from '../mainline/errors.ts';
import { forwardWarnings } from '../mainline/thread/forward-warnings.ts';
import type { FromTestNetworkThread } from './messages.ts';
import { startTestNetwork, type TestNetworkOptions } from './test-network.ts';

if (parentPort === null) throw new Error('this file runs as a worker thread only');
const port = parentPort;
const options: TestNetworkOptions = workerData;
forwardWarnings(port);

try {
  const network = await startTestNetwork(options);
  port.once('message', () => network.close().then(() => port.close(), throwLater));
  port.postMessage({
    kind: 'network',
    bootstrap: network.bootstrap,
    addresses: network.addresses,
  } satisfies FromTestNetworkThread);
} catch (error) {
  // Anything else is a bug. It ends the thread, and the other side is notified.
  if (!(error instanceof MainlineError)) throw error;
  const problem = { kind: error.kind, message: error.message };
  port.postMessage({ kind: 'start-failed', problem } satisfies FromTestNetworkThread);
  port.close();
}
