import { writeFileSync } from 'node:fs';
import { bun } from './bun/api.ts';

/** Makes this process bear `name` for whoever lists processes. */
export function nameProcess(name: string): void {
  process.title = name;
  // Bun notes the title and tells nobody. proc(5): a process may write its own "command name", of 15 characters.
  if (bun === undefined || process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/comm', name);
  } catch {
    // A container without /proc: only a list of processes is the poorer.
  }
}
