/** The entry point of the thread of the HTTP side. Only `spawn.ts` starts it. */
import { parentPort, workerData } from 'node:worker_threads';
import { forwardWarnings } from '../../mainline/thread/forward-warnings.ts';
import { describeInternalError } from '../../observe/internal-error.ts';
import { EXIT_INTERNAL_ERROR, onUncaught } from '../../system/uncaught.ts';
import type { FromThread, ThreadOptions } from '../messages.ts';
import { lowerThreadPriority } from './low-priority.ts';
import { runServer } from './run-server.ts';

if (parentPort === null) throw new Error('this file runs as a worker thread only');
const port = parentPort;
const options: ThreadOptions = workerData;
forwardWarnings(port);
lowerThreadPriority();
// A bug in one request must not take the others away.
onUncaught(({ kind, error }) => {
  const described = describeInternalError(kind, 'http', error);
  port.postMessage({ kind: 'internal-error', error: described } satisfies FromThread);
  // What going on would make worse ends this thread, and the next connection starts another.
  if (described.isFatal) process.exit(EXIT_INTERNAL_ERROR);
});
await runServer(options, port);
