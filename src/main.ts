#!/usr/bin/env node
import { isWorker } from './system/worker-role.ts';

// In the one-file binary, workers use this entry point too; elsewhere they run worker.ts.
if (isWorker) await import('./worker.ts');
else {
  // signal(7): SIGHUP ends a program that does not expect it. To one that has not read its configuration yet it says nothing.
  if (process.argv[2] === 'serve') process.on('SIGHUP', () => {});
  const { endOnUncaught, processTerminal, run } = await import('./cli/run.ts');
  const terminal = processTerminal();
  endOnUncaught(terminal);
  process.exitCode = await run(process.argv.slice(2), terminal);
}
