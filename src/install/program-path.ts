import { realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { bun } from '../system/bun/api.ts';
import type { ProgramWords } from './service.ts';

/** Where the modules of the one file are, as it sees them. */
const INSIDE_BINARY = '/$bunfs/';

/** The words that run this program again: the one file, or a runtime and the file that it runs. @throws the system's error */
export function runningProgram(): ProgramWords {
  const [, main = ''] = process.argv;
  const runtime = realpathSync(process.execPath);
  if (bun !== undefined && main.startsWith(INSIDE_BINARY)) return [runtime];
  return [runtime, realpathSync(main)];
}

/** Directories that the service does not see as we do: ProtectHome=, PrivateTmp=, and those that are gone at the next boot. */
const hidden = ['/home', '/root', '/run', '/tmp', '/var/tmp', '/dev/shm'];

/** Why a service cannot run this program, as a sentence with what to do; undefined if it can. */
export function whyHidden(
  program: ProgramWords,
  statOf: (path: string) => { readonly mode: number } = statSync,
): string | undefined {
  for (const [index, path] of program.entries()) {
    const above = hidden.find((folder) => path.startsWith(`${folder}/`));
    const what = index === 0 && program.length > 1 ? 'the runtime' : 'the program';
    const advice =
      program.length > 1
        ? 'Install both for the whole system, for example below /usr/local'
        : 'Put it into /usr/local/bin';
    if (above !== undefined)
      return `A service does not see what is below ${above}, where ${what} is: ${path}. ${advice}.`;
    if (/[\n\r\0]/.test(path)) return `The path of ${what} has a line break in it. ${advice}.`;
    const closed = firstClosed(path, index === 0 ? 0o5 : 0o4, statOf);
    if (closed !== undefined) {
      return `A service runs as a user of its own, who may not ${closed === path ? 'use' : 'enter'} ${closed}: ${what} is ${path}. ${advice}, or run: chmod o+rx ${closed}`;
    }
  }
  return undefined;
}

/** The file or the directory above it that others may not use: `wanted` bits for the file, and x for each directory. */
function firstClosed(
  path: string,
  wanted: number,
  statOf: (path: string) => { readonly mode: number },
): string | undefined {
  for (let at = path; at !== dirname(at); ) {
    at = dirname(at);
    if ((statOf(at).mode & 0o1) === 0) return at;
  }
  return (statOf(path).mode & wanted) === wanted ? undefined : path;
}
