#!/usr/bin/env node
import { isWorker } from './system/worker-role.ts';

// In the one-file binary a worker has this entry too; elsewhere it runs worker.ts.
if (isWorker) await import('./worker.ts');
else {
  const { processTerminal, run } = await import('./cli/run.ts');
  process.exitCode = await run(process.argv.slice(2), processTerminal());
}
