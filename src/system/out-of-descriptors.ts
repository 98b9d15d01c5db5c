import { descriptorLimit } from './descriptor-limit.ts';

/** Whether an error, or one that caused it, is that no file descriptor was left: of this process, or of the machine. */
export function isOutOfDescriptors(error: unknown): boolean {
  for (let each = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth++) {
    const { code = '', message } = each as NodeJS.ErrnoException;
    // A thread that cannot start has the code only in its message.
    if (/^E[MN]FILE$/.test(code) || (code === 'ERR_WORKER_INIT_FAILED' && /\bE[MN]FILE\b/.test(message)))
      return true;
  }
  return false;
}

/** What to do about it, as a clause. */
export function moreDescriptors(): string {
  const limit = descriptorLimit();
  const known = limit === undefined ? '' : ` (${limit})`;
  return `raise the limit of open files${known}, for example with: ulimit -n 4096`;
}
