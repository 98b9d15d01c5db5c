import { isDone, makeChange, prepareChange, takeBack } from './changes/change-path.ts';
import {
  CHANGES_DIRECTORY,
  type Changes,
  copyPath,
  forgetResolvers,
  freeCopy,
  keepResolvers,
  readChanges,
  removeChanges,
  removeEmptyDirectory,
  writeChanges,
} from './changes/journal.ts';
import type { Machine } from './machine.ts';
import { callToText, type FileStep, type LinkStep, type Plan, type RunStep, type Step } from './plan/plan.ts';

/** A step failed: one sentence. */
export class StepError extends Error {
  override readonly name = 'StepError';
}

/** Why a run that was asked to stop takes everything back. */
export const STOPPED = 'It was asked to stop.';

/** The steps that still have something to do. When all files are as they are to be, no program has to be run either. */
export async function stepsToDo(machine: Machine, { steps }: Plan): Promise<readonly Step[]> {
  const open = await Promise.all(
    steps.map(async (step) => step.kind !== 'run' && !(await isDone(machine, step))),
  );
  if (!open.includes(true)) return [];
  return steps.filter((step, index) => step.kind === 'run' || open[index] === true);
}

/**
 * Carries out the steps, in order. `resolvers` are those that the network gave until now. Before each change, what was there is copied, and the change is written down.
 * @throws StepError for the first one that fails, and before the next one when `stop` has aborted; what was done before is
 * written down, and can be taken back.
 */
export async function carryOut(
  machine: Machine,
  plan: Plan,
  steps: readonly Step[],
  { resolvers, stop }: { readonly resolvers: readonly string[]; readonly stop: AbortSignal },
): Promise<void> {
  const earlier = await readChanges(machine);
  let changes: Changes = {
    version: 1,
    state: 'changing',
    row: plan.row,
    paths: earlier?.paths ?? [],
    undo: plan.undo,
  };
  let copy = await freeCopy(machine);
  try {
    await keepResolvers(machine, resolvers);
  } catch (error) {
    throw new StepError(`${CHANGES_DIRECTORY} cannot be written: ${(error as Error).message}`, {
      cause: error,
    });
  }
  for (const step of steps) {
    if (stop.aborted) throw new StepError(STOPPED);
    if (step.kind === 'run') {
      await runStep(machine, step);
      continue;
    }
    try {
      const change = await prepareChange(machine, step, String(copy++));
      // Of a path that was changed before, what was there just now is what counts.
      changes = { ...changes, paths: [...changes.paths.filter(({ path }) => path !== step.path), change] };
      await writeChanges(machine, changes);
      await makeChange(machine, step);
    } catch (error) {
      throw stepError(step, error);
    }
  }
}

/** Marks everything as done and checked. */
export async function settle(machine: Machine): Promise<void> {
  const changes = await readChanges(machine);
  if (changes !== undefined && changes.state !== 'done')
    await writeChanges(machine, { ...changes, state: 'done' });
}

/** What an undo did. */
export interface Undone {
  /** Paths where what was there before is there again. */
  readonly restored: readonly string[];
  /** Paths that somebody else has changed since, with where the copy of what was there lies. */
  readonly kept: readonly { readonly path: string; readonly copy: string | undefined }[];
  /** What went wrong, one sentence each. Then the list of changes stays, and another undo can be tried. */
  readonly problems: readonly string[];
}

/**
 * Takes back all changes, the last one first; undefined when there are none. It goes on after a failure, so that as much as can
 * be is as it was.
 * @throws ChangesError when the list of changes cannot be read.
 */
export async function undo(machine: Machine): Promise<Undone | undefined> {
  const changes = await readChanges(machine);
  if (changes === undefined) await removeEmptyDirectory(machine);
  if (changes === undefined || changes.paths.length === 0) return undefined;
  const isInterrupted = changes.state !== 'done';
  await writeChanges(machine, { ...changes, state: 'undoing' });
  const restored: string[] = [];
  const kept: { path: string; copy: string | undefined }[] = [];
  const problems: string[] = [];
  for (const change of changes.paths.toReversed()) {
    const { path, copy } = change;
    try {
      if ((await takeBack(machine, change, isInterrupted)) === 'restored') restored.push(path);
      else kept.push({ path, copy: copy === undefined ? undefined : copyPath(copy) });
    } catch (error) {
      problems.push(
        `${path} cannot be restored: ${error instanceof Error ? error.message : String(error)}`.replace(
          /\.$/,
          '',
        ),
      );
    }
  }
  const failed = problems.length > 0;
  for (const call of changes.undo) {
    const { code, problem, err } = await machine.run(call);
    if (code !== 0 && call.mayFail !== true)
      problems.push(`"${callToText(call)}" ${problem ?? `failed: ${err.trim()}`}`);
  }
  // What somebody else wrote is theirs; the copy is kept, and a new integration begins a new list.
  if (!failed && kept.length === 0) await removeChanges(machine);
  else if (!failed) {
    await forgetResolvers(machine);
    await writeChanges(machine, { ...changes, state: 'done', paths: [], undo: [] });
  }
  return { restored, kept, problems };
}

async function runStep(machine: Machine, step: RunStep): Promise<void> {
  const { code, problem, err } = await machine.run(step.call);
  if (code === 0) return;
  const why = problem ?? `ended with ${code}${err.trim() === '' ? '' : `: ${err.trim()}`}`;
  throw new StepError(`"${callToText(step.call)}" ${why}.`);
}

function stepError(step: FileStep | LinkStep, error: unknown): StepError {
  const { message } = error as Error;
  return new StepError(`${step.path} cannot be written: ${message}`, { cause: error });
}
