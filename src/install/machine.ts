import { Resolver } from 'node:dns/promises';
import { type ProgramCall, type ProgramResult, runProgram } from '../system/commands/run-program.ts';
import { findServiceManager } from '../system/commands/service-commands.ts';
import type { FileStep } from './files.ts';
import { launchd, type OtherManager, openRc, procd } from './other-managers.ts';

/** The machine that pkarrd is installed on. A test gives one of its own. */
export interface Machine {
  /** The directory that stands for `/`. */
  readonly root: string;
  readonly platform: NodeJS.Platform;
  run(call: ProgramCall): Promise<ProgramResult>;
  /** Whether `localhost` is answered at 127.0.0.1, port 53, within some seconds. */
  answers(): Promise<boolean>;
}

/** Milliseconds for the answer to `localhost`, which needs no network. */
const ANSWER_MS = 5_000;

/** This machine. */
export const thisMachine: Machine = {
  root: '/',
  platform: process.platform,
  run: runProgram,
  async answers() {
    const resolver = new Resolver({ timeout: ANSWER_MS, tries: 1 });
    resolver.setServers(['127.0.0.1']);
    try {
      return (await resolver.resolve4('localhost')).includes('127.0.0.1');
    } catch {
      // Whatever it says: it does not answer.
      return false;
    } finally {
      resolver.cancel();
    }
  },
};

/** What starts services on a machine; undefined when it is none that we know. */
export function managerOf({ root, platform }: Machine): 'systemd' | OtherManager | undefined {
  const name = findServiceManager(root, platform);
  return name === undefined || name === 'systemd' ? name : otherManagers[name];
}

const otherManagers = { OpenRC: openRc, procd, launchd } as const;

/** The units that run; the timer is started by who wants it. */
export const RUNNING_UNITS = ['pkarrd.socket', 'pkarrd.service'] as const;

/** What was done, in order. */
export type Step = FileStep | { readonly action: 'ran'; readonly command: string };

/** The installation cannot be done or undone. The message is one sentence, or one per line. */
export class InstallError extends Error {
  override readonly name = 'InstallError';
  /** What was done before. */
  readonly steps: readonly Step[];

  constructor(message: string, steps: readonly Step[], options?: ErrorOptions) {
    super(message, options);
    this.steps = steps;
  }
}

/** Milliseconds for a program of the service manager: a start takes up to 30 s. */
const RUN_MS = 60_000;

/** Runs a program. @throws InstallError when it does not exit with 0 */
export async function runStep(
  machine: Machine,
  steps: Step[],
  words: readonly [string, ...string[]],
): Promise<void> {
  const [program, ...args] = words;
  const { code, err, out, problem } = await machine.run({ program, args, timeout: RUN_MS });
  const command = words.join(' ');
  if (code !== 0) {
    const why = problem === undefined ? err.trim() || out.trim() || `exit code ${code}` : `it ${problem}`;
    throw new InstallError(`"${command}" failed: ${why}`, steps);
  }
  steps.push({ action: 'ran', command });
}

/** Does something with a file, and says which one when the system does not let us. */
export async function doing<T>(steps: readonly Step[], path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new InstallError(`${path} cannot be written: ${message}.`, steps, { cause: error });
  }
}
