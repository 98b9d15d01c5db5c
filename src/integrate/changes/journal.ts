import { chmod, mkdir, rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { FileError, readUserFile } from '../../files/read-file.ts';
import { RESOLVERS_BEFORE_US } from '../../system/resolver-files.ts';
import { filesIn } from '../facts/files.ts';
import { RESOLV_CONF } from '../facts/resolv-conf-file.ts';
import { type Machine, pathOn } from '../machine.ts';
import type { Row, UndoCall } from '../plan/plan.ts';
import type { PathState } from './path-state.ts';
import { writeFileAt } from './write-path.ts';

/** The directory of what was changed. Everybody may read the list, for `status`, and only root the copies. */
export const CHANGES_DIRECTORY = '/var/lib/pkarrd-integrate';

const LIST = 'changes.json';
const COPIES = 'copies';

/** Bytes of the list that are read: a thousand changes. */
const MAX_LENGTH = 1024 * 1024;

/** A change of one path. */
export interface PathChange {
  readonly path: string;
  /** What was there, of which `copy` is a copy. */
  readonly before: PathState;
  /** What we put there. */
  readonly after: PathState;
  /** The name of the copy in the directory of copies; undefined when nothing was there. */
  readonly copy: string | undefined;
  /** Directories that were made for it, the uppermost first. */
  readonly directories: readonly string[];
}

/** Everything that was changed, as it is written down before each change. */
export interface Changes {
  /** The number of the format. */
  readonly version: 1;
  /** `changing` until all is done and checked; found so at a start, the run before did not end. */
  readonly state: 'changing' | 'done' | 'undoing';
  readonly row: Row;
  /** In the order in which they were made. */
  readonly paths: readonly PathChange[];
  /** What makes the old files take effect again. */
  readonly undo: readonly UndoCall[];
}

/** The list of changes cannot be used: one sentence. */
export class ChangesError extends Error {
  override readonly name = 'ChangesError';
}

/**
 * Reads the list of changes; undefined when nothing was changed.
 * @throws ChangesError when it cannot be read, or was not written by us.
 */
export async function readChanges(machine: Machine): Promise<Changes | undefined> {
  const path = join(CHANGES_DIRECTORY, LIST);
  try {
    const { bytes } = await readUserFile(pathOn(machine, path), { maxBytes: MAX_LENGTH });
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    if (isChanges(value)) return value;
  } catch (error) {
    if (error instanceof FileError && error.kind === 'absent') return undefined;
    if (error instanceof FileError) throw new ChangesError(`${path}: ${error.message}.`, { cause: error });
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ChangesError(
    `${path} is not a list of changes of this version of pkarrd. The files that it changed have copies in ` +
      `${join(CHANGES_DIRECTORY, COPIES)}: put them back, and then remove ${CHANGES_DIRECTORY}.`,
  );
}

/** Writes the list, so that it survives a loss of power before the next change is made. */
export async function writeChanges(machine: Machine, changes: Changes): Promise<void> {
  await makeDirectory(machine);
  const path = pathOn(machine, join(CHANGES_DIRECTORY, LIST));
  await writeFileAt(path, `${JSON.stringify(changes, undefined, 2)}\n`);
}

/**
 * Keeps resolvers that the network gave, for pkarrd, which is told of no other once its own list of them is lost.
 * @throws the system's error
 */
export async function keepResolvers(machine: Machine, servers: readonly string[]): Promise<void> {
  if (servers.length === 0) return;
  await makeDirectory(machine);
  const lines = servers.map((server) => `nameserver ${server}\n`).join('');
  await writeFileAt(pathOn(machine, RESOLVERS_BEFORE_US), `# What ${RESOLV_CONF} named before us.\n${lines}`);
}

/** The system names its own again. */
export async function forgetResolvers(machine: Machine): Promise<void> {
  await rm(pathOn(machine, RESOLVERS_BEFORE_US), { force: true });
}

/** Forgets everything, copies included. */
export async function removeChanges(machine: Machine): Promise<void> {
  // The list goes first: without it the copies mean nothing, and the other way round an undo would find none.
  await rm(pathOn(machine, join(CHANGES_DIRECTORY, LIST)), { force: true });
  await rm(pathOn(machine, CHANGES_DIRECTORY), { recursive: true, force: true });
}

/** Removes what a run has made that failed before its first change; copies without a list stay, for a person. */
export async function removeEmptyDirectory(machine: Machine): Promise<void> {
  await forgetResolvers(machine);
  for (const path of [join(CHANGES_DIRECTORY, COPIES), CHANGES_DIRECTORY]) {
    // Nothing depends on it: it may be absent, hold copies, or be read-only.
    await rmdir(pathOn(machine, path)).catch(() => {});
  }
}

/** Makes the directories, and returns that of the copies on this host. */
export async function makeDirectory(machine: Machine): Promise<string> {
  const directory = pathOn(machine, CHANGES_DIRECTORY);
  const copies = join(directory, COPIES);
  await mkdir(copies, { recursive: true });
  await chmod(directory, 0o755);
  await chmod(copies, 0o700);
  return copies;
}

/** The first number that no copy has: copies of what somebody else has changed stay. */
export async function freeCopy(machine: Machine): Promise<number> {
  const names = await filesIn(machine, join(CHANGES_DIRECTORY, COPIES));
  return Math.max(-1, ...names.map((name) => Number(basename(name))).filter(Number.isSafeInteger)) + 1;
}

/** Where the copy of a change lies, as a path of the machine. */
export function copyPath(copy: string): string {
  return join(CHANGES_DIRECTORY, COPIES, copy);
}

function isChanges(value: unknown): value is Changes {
  const found = value as Partial<Changes> | null;
  return (
    typeof found === 'object' &&
    found !== null &&
    found.version === 1 &&
    (found.state === 'changing' || found.state === 'done' || found.state === 'undoing') &&
    typeof found.row === 'string' &&
    Array.isArray(found.paths) &&
    found.paths.every(isPathChange) &&
    Array.isArray(found.undo) &&
    found.undo.every(isCall)
  );
}

function isPathChange(value: unknown): value is PathChange {
  const found = value as Partial<PathChange> | null;
  return (
    typeof found === 'object' &&
    found !== null &&
    typeof found.path === 'string' &&
    found.path.startsWith('/') &&
    isState(found.before) &&
    isState(found.after) &&
    // A name in our directory, and no path out of it.
    (found.copy === undefined || /^\d{1,6}$/.test(String(found.copy))) &&
    Array.isArray(found.directories) &&
    found.directories.every((directory) => typeof directory === 'string' && directory.startsWith('/'))
  );
}

function isState(value: unknown): value is PathState {
  const kind = (value as Partial<PathState> | null | undefined)?.kind;
  return kind === 'absent' || kind === 'link' || kind === 'file' || kind === 'other';
}

function isCall(value: unknown): value is UndoCall {
  const found = value as Partial<UndoCall> | null;
  return (
    typeof found === 'object' &&
    found !== null &&
    typeof found.program === 'string' &&
    Array.isArray(found.args) &&
    found.args.every((word) => typeof word === 'string') &&
    typeof found.timeout === 'number'
  );
}
