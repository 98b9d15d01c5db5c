import { homedir } from 'node:os';

/**
 * The home directory of this user, an absolute path: `HOME`, else the one of the passwd database. Undefined when there
 * is none, as in a container that runs as a user without a passwd entry.
 */
export function homeDirectory(): string | undefined {
  let home: string;
  try {
    home = homedir();
  } catch {
    // Node throws a SystemError (ENOENT) for a user without a passwd entry.
    return undefined;
  }
  // An empty or relative HOME names no directory that two processes of this user would agree on.
  return home.startsWith('/') ? home : undefined;
}
