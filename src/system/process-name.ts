import { writeFileSync } from 'node:fs';
import { bun } from './bun/api.ts';

/** Sets the name of this process in lists of processes. */
export function nameProcess(name: string): void {
  process.title = name;
  // Bun stores the title and does not pass it on. proc(5): a process may write its own "command name", of 15 characters.
  if (bun === undefined || process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/comm', name);
  } catch {
    // A container without /proc: the name is only cosmetic.
  }
}
