#!/usr/bin/env node
import { isOutOfDescriptors, moreDescriptors } from './system/out-of-descriptors.ts';
import { isWorker } from './system/worker-role.ts';

// In the one-file binary, workers use this entry point too; elsewhere they run worker.ts.
if (isWorker) await import('./worker.ts');
else {
  // signal(7): SIGHUP ends a program that does not expect it. To one that has not read its configuration yet it says nothing.
  if (process.argv[2] === 'serve') process.on('SIGHUP', () => {});
  const program = await import('./cli/run.ts').catch((error: unknown) => {
    if (!isOutOfDescriptors(error)) throw error;
    process.stderr.write(`pkarrd: No file descriptor is left to load the program: ${moreDescriptors()}\n`);
    process.exit(1);
  });
  const terminal = program.processTerminal();
  program.endOnUncaught(terminal);
  process.exitCode = await program.run(process.argv.slice(2), terminal);
}
