import { readFileSync, readlinkSync } from 'node:fs';
import { bun } from './api.ts';

/** Flags of open(2) on Linux, as /proc shows them. */
const O_RDWR = 0o2;
const O_CLOEXEC = 0o2000000;

/**
 * Whether standard output was closed when the program was started, so that what it prints is lost. Both runtimes open
 * /dev/null then, to read and write. On Bun it is closed on exec, which nothing that was inherited is. On Node it cannot be
 * told from a /dev/null that Python or Node itself gave to a program whose output is not wanted, which is no error: there it
 * is never known.
 */
export function isOutputClosed(): boolean {
  if (bun === undefined) return false;
  try {
    if (readlinkSync('/proc/self/fd/1') !== '/dev/null') return false;
    const flags = Number.parseInt(
      /^flags:\s*(\d+)$/m.exec(readFileSync('/proc/self/fdinfo/1', 'latin1'))?.[1] ?? '0',
      8,
    );
    return (flags & 3) === O_RDWR && (flags & O_CLOEXEC) !== 0;
  } catch {
    // A system without /proc does not say.
    return false;
  }
}
