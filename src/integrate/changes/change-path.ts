import { lstat, readFile, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { removeEntry, syncDirectory } from '../../files/write-file.ts';
import { isThere } from '../facts/files.ts';
import { type Machine, pathOn } from '../machine.ts';
import type { FileStep, LinkStep } from '../plan/plan.ts';
import { CHANGES_DIRECTORY, ChangesError, copyPath, makeDirectory, type PathChange } from './journal.ts';
import { isSameState, type PathState, pathState, sha256Of } from './path-state.ts';
import { FILE_MODE, makeDirectoriesAbove, putInPlace, writeFileAt, writeLinkAt } from './write-path.ts';

/** Milliseconds for a copy of a small file, and for its label. */
const COPY_TIMEOUT = 10_000;

/** Whether a step has nothing to do: its path is as it is to be. */
export async function isDone(machine: Machine, step: FileStep | LinkStep): Promise<boolean> {
  const found = await pathState(pathOn(machine, step.path));
  if (step.kind === 'link') return found.kind === 'link' && found.target === step.target;
  return found.kind === 'file' && found.sha256 === sha256Of(step.text);
}

/**
 * Copies what is at the path of a step, and says what the step will change. Nothing is changed yet.
 * @param name of the copy, digits only.
 * @throws ChangesError when something else than a file or a link is there, or no copy can be made.
 */
export async function prepareChange(
  machine: Machine,
  step: FileStep | LinkStep,
  name: string,
): Promise<PathChange> {
  const path = pathOn(machine, step.path);
  const before = await pathState(path);
  if (before.kind === 'other')
    throw new ChangesError(`${step.path} is neither a file nor a link. Nothing was changed there.`);
  const missing: string[] = [];
  for (let at = dirname(step.path); at !== '/' && !(await isThere(machine, at)); at = dirname(at))
    missing.unshift(at);
  const copy = before.kind === 'absent' ? undefined : name;
  if (copy !== undefined) {
    const target = join(await makeDirectory(machine), copy);
    await removeEntry(target);
    await copyWhole(machine, path, target);
    // The mode and the owner are part of a state, so this compares all of it.
    if (!isSameState(await pathState(target), before)) {
      throw new ChangesError(
        `The copy of ${step.path} in ${copyPath(copy)} is not the same. Nothing was changed there.`,
      );
    }
  }
  return { path: step.path, before, after: stateAfter(step), copy, directories: missing };
}

/** Makes the change of a step that was prepared. @throws the system's error */
export async function makeChange(machine: Machine, step: FileStep | LinkStep): Promise<void> {
  const path = pathOn(machine, step.path);
  await makeDirectoriesAbove(path);
  if (step.kind === 'link') await writeLinkAt(path, step.target);
  else await writeFileAt(path, step.text);
  // A new name has the label of its directory, and programs in confinement may read only the label of the file.
  if (!(await isThere(machine, '/sys/fs/selinux/enforce'))) return;
  await machine.run({ program: 'restorecon', args: ['-F', step.path], timeout: COPY_TIMEOUT });
}

/** What became of a change when it was taken back. */
export type Restored =
  /** What was there is there again. */
  | 'restored'
  /** Somebody else has changed it since, so it was left alone. */
  | 'kept';

/**
 * Takes a change back: bytes, link, mode, owner, times and labels are as they were.
 * @param isInterrupted whether a change may have been made half: then a mount may have any content.
 * @throws ChangesError or the system's error when it cannot be done.
 */
export async function takeBack(
  machine: Machine,
  change: PathChange,
  isInterrupted: boolean,
): Promise<Restored> {
  const path = pathOn(machine, change.path);
  const found = await pathState(path);
  if (!isSameState(found, change.before)) {
    const isOurs = isSameState(found, change.after) || isSameContent(found, change.after);
    if (!isOurs && !(isInterrupted && (await isMount(path)))) return 'kept';
    await restore(machine, change, path);
  }
  // The last one first: one that holds a file of somebody else stays, and so do those above it.
  for (const directory of change.directories.toReversed()) {
    await rmdir(pathOn(machine, directory)).catch((error: NodeJS.ErrnoException) => {
      if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(error.code ?? '')) throw error;
    });
  }
  return 'restored';
}

async function restore(machine: Machine, { copy, before, path: name }: PathChange, path: string) {
  if (copy === undefined) {
    await removeEntry(path);
    await syncDirectory(dirname(path));
    return;
  }
  const source = pathOn(machine, copyPath(copy));
  if (!isSameState(await pathState(source), before))
    throw new ChangesError(
      `${copyPath(copy)} is no longer the copy of ${name}, which was left as it is. Put there what you had before, and then ` +
        `remove ${CHANGES_DIRECTORY}.`,
    );
  await putInPlace(
    path,
    (temporary) => copyWhole(machine, source, temporary),
    () => readFile(source),
  );
}

/** With everything that belongs to a file: cp(1) knows owners, times, access lists and labels, which Node does not. */
async function copyWhole(machine: Machine, from: string, to: string): Promise<void> {
  const { code, err, problem } = await machine.run({
    program: 'cp',
    args: ['-a', from, to],
    timeout: COPY_TIMEOUT,
  });
  if (code !== 0) throw new ChangesError(`${from} cannot be copied to ${to}: cp ${problem ?? err.trim()}.`);
}

/** In a mount the content is ours, and mode and owner are those of the mounted file. */
function isSameContent(found: PathState, after: PathState): boolean {
  return found.kind === 'file' && after.kind === 'file' && found.sha256 === after.sha256;
}

function stateAfter(step: FileStep | LinkStep): PathState {
  if (step.kind === 'link') return { kind: 'link', target: step.target };
  return {
    kind: 'file',
    sha256: sha256Of(step.text),
    mode: FILE_MODE,
    uid: process.geteuid?.() ?? 0,
    gid: process.getegid?.() ?? 0,
  };
}

/** A file that is mounted on its name lies on another file system, or is another bind of the same one; both refuse a rename. */
async function isMount(path: string): Promise<boolean> {
  try {
    const mounts = await readFile('/proc/self/mountinfo', 'utf8');
    if (mounts.split('\n').some((line) => line.split(' ')[4] === path)) return true;
    return (await lstat(path)).dev !== (await lstat(dirname(path))).dev;
  } catch {
    return false;
  }
}
