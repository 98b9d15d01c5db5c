import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import { CommandError, Exit, type ExitCode, type Invocation, type Terminal, writeJson } from './command.ts';

/** What a command with `--json` writes in place of its result when it failed. */
interface JsonError {
  readonly error: {
    /** Sentences. */
    readonly message: string;
    /** What is wrong with the configuration, if that is why. */
    readonly problems?: readonly ConfigProblem[];
  };
  readonly exitCode: ExitCode;
}

/**
 * Runs `work`. With `--json`, a failure becomes JSON on standard output, for whatever reads the result there; without it, it is
 * thrown, and becomes sentences on standard error.
 */
export async function withJsonErrors(
  invocation: Invocation,
  terminal: Terminal,
  work: () => Promise<ExitCode>,
): Promise<ExitCode> {
  if (!invocation.has('json')) return await work();
  try {
    return await work();
  } catch (error) {
    const failure = jsonErrorOf(error);
    if (failure === undefined) throw error;
    writeJson(terminal, failure);
    return failure.exitCode;
  }
}

/** Undefined for an error that is a bug: its stack is needed. */
function jsonErrorOf(error: unknown): JsonError | undefined {
  if (error instanceof CommandError) return { error: { message: error.message }, exitCode: error.exit };
  if (!(error instanceof ConfigError)) return undefined;
  return { error: { message: error.message, problems: error.problems }, exitCode: Exit.USAGE };
}
