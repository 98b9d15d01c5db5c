/** What runs in the thread of the DHT node. It is started by `spawn.ts` and by nobody else. */
import { parentPort, workerData } from 'node:worker_threads';
import { MainlineError } from '../errors.ts';
import type { MainlineOptions } from '../options.ts';
import type { FromThread } from './messages.ts';
import { serveNode } from './serve-node.ts';

if (parentPort === null) throw new Error('this file runs as a worker thread only');
const port = parentPort;
const options: MainlineOptions = workerData;

try {
  await serveNode(options, port);
} catch (error) {
  // Anything else is a bug: it ends the thread, and whoever started it is told.
  if (!(error instanceof MainlineError)) throw error;
  const problem = { kind: error.kind, message: error.message };
  port.postMessage({ kind: 'start-failed', problem } satisfies FromThread);
  port.close();
}
