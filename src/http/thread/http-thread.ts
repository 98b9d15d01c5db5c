/** The entry point of the thread of the HTTP side. Only `spawn.ts` starts it. */
import { parentPort, workerData } from 'node:worker_threads';
import { forwardWarnings } from '../../mainline/thread/forward-warnings.ts';
import { describeInternalError } from '../../observe/internal-error.ts';
import { onUncaught } from '../../system/uncaught.ts';
import type { FromThread, ThreadOptions } from './messages.ts';
import { runServer } from './run-server.ts';

if (parentPort === null) throw new Error('this file runs as a worker thread only');
const port = parentPort;
const options: ThreadOptions = workerData;
forwardWarnings(port);
// A bug in one request must not take the others away.
onUncaught(({ kind, error }) =>
  port.postMessage({
    kind: 'internal-error',
    error: describeInternalError(kind, 'http', error),
  } satisfies FromThread),
);
await runServer(options, port);
