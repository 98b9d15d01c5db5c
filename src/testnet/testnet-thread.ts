/** The entry point of the thread of a test network. Only `proxy.ts` starts it. */
import { parentPort, workerData } from 'node:worker_threads';
import { untilAborted } from '../async/until-aborted.ts';
import { MainlineError } from '../mainline/errors.ts';
import { forwardWarnings } from '../mainline/thread/forward-warnings.ts';
import type { FromTestNetworkThread } from './messages.ts';
import { startTestNetwork, type TestNetworkOptions } from './test-network.ts';

if (parentPort === null) throw new Error('this file runs as a worker thread only');
const port = parentPort;
const options: TestNetworkOptions = workerData;
forwardWarnings(port);

// The only message says that the network is to be closed, whether its nodes have joined or not.
const closing = new AbortController();
port.once('message', () => closing.abort());

try {
  const network = await startTestNetwork(options, closing.signal);
  port.postMessage({
    kind: 'network',
    bootstrap: network.bootstrap,
    addresses: network.addresses,
  } satisfies FromTestNetworkThread);
  await untilAborted(closing.signal);
  await network.close();
} catch (error) {
  // Anything else is a bug. It ends the thread, and the other side is notified.
  if (error instanceof MainlineError) {
    const problem = { kind: error.kind, message: error.message, code: error.code };
    port.postMessage({ kind: 'start-failed', problem } satisfies FromTestNetworkThread);
  } else if (error !== closing.signal.reason) throw error;
}
port.close();
