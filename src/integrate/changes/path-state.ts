import { createHash } from 'node:crypto';
import { lstat, readFile, readlink } from 'node:fs/promises';

/** What is at a path, as far as somebody could have changed it. */
export type PathState =
  | { readonly kind: 'absent' }
  | { readonly kind: 'link'; readonly target: string }
  | {
      readonly kind: 'file';
      /** SHA-256 of its content, in hexadecimal. */
      readonly sha256: string;
      /** Permission bits of chmod(2). */
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
  /** A directory, a device: nothing that we write. */
  | { readonly kind: 'other' };

/** Looks at a path on this host. @throws the system's error */
export async function pathState(path: string): Promise<PathState> {
  try {
    const found = await lstat(path);
    if (found.isSymbolicLink()) return { kind: 'link', target: await readlink(path) };
    if (!found.isFile()) return { kind: 'other' };
    const { mode, uid, gid } = found;
    return { kind: 'file', sha256: sha256Of(await readFile(path)), mode: mode & 0o7777, uid, gid };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent' };
    throw error;
  }
}

/** Whether two looks found the same. */
export function isSameState(one: PathState, other: PathState): boolean {
  return stateKey(one) === stateKey(other);
}

function stateKey(state: PathState): string {
  switch (state.kind) {
    case 'file':
      return JSON.stringify([state.kind, state.sha256, state.mode, state.uid, state.gid]);
    case 'link':
      return JSON.stringify([state.kind, state.target]);
    default:
      return state.kind;
  }
}

/** SHA-256 in hexadecimal. */
export function sha256Of(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
