/** The entry point of the thread of the DHT node. Only `spawn.ts` starts it. */
import { parentPort, workerData } from 'node:worker_threads';
import { MainlineError } from '../errors.ts';
import type { MainlineOptions } from '../options.ts';
import { forwardWarnings } from './forward-warnings.ts';
import type { FromThread } from './messages.ts';
import { serveNode } from './serve-node.ts';

if (parentPort === null) throw new Error('this file runs as a worker thread only');
const port = parentPort;
const options: MainlineOptions = workerData;
forwardWarnings(port);

try {
  await serveNode(options, port);
} catch (error) {
  // Anything else is a bug. It ends the thread, and the other side is notified.
  if (!(error instanceof MainlineError)) throw error;
  const problem = { kind: error.kind, message: error.message };
  port.postMessage({ kind: 'start-failed', problem } satisfies FromThread);
  port.close();
}
