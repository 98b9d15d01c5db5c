#!/usr/bin/env node
import { isWorker } from './system/worker-role.ts';

// In the one-file binary, workers use this entry point too; elsewhere they run worker.ts.
if (isWorker) await import('./worker.ts');
else {
  const { endOnUncaught, processTerminal, run } = await import('./cli/run.ts');
  const terminal = processTerminal();
  endOnUncaught(terminal);
  process.exitCode = await run(process.argv.slice(2), terminal);
}
