import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import { CommandError, Exit, type ExitCode, UsageError } from './command.ts';
import { findCommand } from './commands.ts';

/** What a command with `--json` writes, as one line, in place of its result when it failed. */
export interface JsonError {
  /** Sentences, one per line. */
  readonly error: string;
  readonly exitCode: ExitCode;
  /** What is wrong with the configuration, if that is why. */
  readonly problems?: readonly ConfigProblem[];
  /** What helps a person to see what to do, in lines. */
  readonly details?: string;
}

/** An error of a command for `--json`, with the values that the command knows about it. */
export function jsonErrorOf(error: unknown): JsonError {
  if (error instanceof CommandError) {
    const { message, exit, details, values } = error;
    return { error: message, exitCode: exit, ...(details !== '' && { details }), ...values };
  }
  if (error instanceof ConfigError)
    return { error: error.message, exitCode: Exit.USAGE, problems: error.problems };
  if (error instanceof UsageError) return { error: error.message, exitCode: Exit.USAGE };
  const message = error instanceof Error ? error.message : String(error);
  return { error: `internal error, please report it: ${message}`, exitCode: Exit.INTERNAL };
}

/** Whether a command line, which may be invalid, asks for JSON: `--json` of a command that has it. */
export async function asksForJson([name = '', ...words]: readonly string[]): Promise<boolean> {
  const command = await findCommand(name)?.load();
  if (command === undefined || !command.flags.some((flag) => flag.name === 'json')) return false;
  const isEnd = (word: string) =>
    word === '--' || command.flags.some((flag) => flag.takesRest === true && word === `--${flag.name}`);
  const end = words.findIndex(isEnd);
  return words.slice(0, end < 0 ? words.length : end).includes('--json');
}
