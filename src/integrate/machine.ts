import { Resolver } from 'node:dns/promises';
import { join } from 'node:path';
import { type ProgramCall, type ProgramResult, runProgram } from '../system/commands/run-program.ts';

/** The machine that is integrated: its files, its programs, and who answers on it. A test gives one of its own. */
export interface Machine {
  /** The directory that stands for `/`. */
  readonly root: string;
  run(call: ProgramCall): Promise<ProgramResult>;
  /** Addresses of `name` by the DNS server at `server`, port 53; `silent` when it does not answer within 1 s. */
  ask(server: string, name: string): Promise<readonly string[] | 'silent'>;
  /** Resolves after so many milliseconds. */
  pause(milliseconds: number): Promise<void>;
}

/** Milliseconds for one question to a server on this machine. */
const ASK_TIMEOUT = 1_000;

/** This machine. */
export const thisMachine: Machine = {
  root: '/',
  run: runProgram,
  async ask(server, name) {
    const resolver = new Resolver({ timeout: ASK_TIMEOUT, tries: 1 });
    resolver.setServers([server]);
    try {
      return await resolver.resolve4(name);
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      return silence.has(code) ? 'silent' : [];
    } finally {
      resolver.cancel();
    }
  },
  pause: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/** The machine for somebody who only looks: once `stop` aborts, its programs are ended. */
export function stoppable(machine: Machine, stop: AbortSignal): Machine {
  return { ...machine, run: (call) => machine.run({ ...call, stop }) };
}

/** Codes of `node:dns` that say that nobody answered; all others are answers. */
const silence: ReadonlySet<string> = new Set(['ETIMEOUT', 'ECONNREFUSED', 'ECANCELLED']);

/** Where a file of the machine lies for us. */
export function pathOn({ root }: Machine, path: string): string {
  return join(root, path);
}

/** The standard output of a program that only tells something; undefined when it failed, or took over `timeout` milliseconds. */
export async function outputOf(
  machine: Machine,
  [program, ...args]: readonly [string, ...string[]],
  timeout = 1_000,
): Promise<string | undefined> {
  const { code, out } = await machine.run({ program, args, timeout });
  return code === 0 ? out : undefined;
}
