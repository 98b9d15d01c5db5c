import { ConfigError } from '../../config/config-error.ts';
import type { LoadedSettings } from '../../config/load-settings.ts';
import { type AskOptions, askProgram, followProgram } from '../../control/client.ts';
import { directoriesToAsk } from '../../control/directories.ts';
import { ControlError } from '../../control/socket.ts';
import { CommandError, Exit, type Invocation, type Terminal } from '../command.ts';
import { loadUsedConfiguration, loadWithoutFile } from '../configuration.ts';

/**
 * Sends a request to the running program that an invocation means: the one with the state directory that it names, or else
 * this user's, or that of the system.
 * @returns the value of its reply.
 * @throws CommandError when it refuses, or when there is none that could be asked.
 */
export async function askRunning(
  invocation: Invocation,
  terminal: Terminal,
  words: readonly string[],
  options?: AskOptions,
): Promise<unknown> {
  const directories = await directoriesOf(invocation, terminal);
  try {
    return await askProgram(directories, words, options);
  } catch (error) {
    throw asCommandError(error);
  }
}

function asCommandError(error: unknown): unknown {
  if (!(error instanceof ControlError)) return error;
  const exit = error.problem === 'refused' ? Exit.FAILED : Exit.NOT_RUNNING;
  return new CommandError(error.message, { cause: error, exit });
}

/** Tells `observe` each value of a stream of the running program, until `signal` aborts. @throws CommandError */
export async function followRunning(
  invocation: Invocation,
  terminal: Terminal,
  command: string,
  { observe, signal }: { readonly observe: (value: unknown) => void; readonly signal: AbortSignal },
): Promise<void> {
  const directories = await directoriesOf(invocation, terminal);
  await followProgram(directories, command, observe, signal).catch((error: unknown) => {
    throw asCommandError(error);
  });
}

/** Where the sockets of the program that an invocation means may be. @throws ConfigError */
export async function directoriesOf(invocation: Invocation, terminal: Terminal): Promise<readonly string[]> {
  const { settings, origins } = await loadStateDir(invocation, terminal);
  // The file of the system is that of its service, whose sockets are not in its state directory.
  const isOfSystem = invocation.value('config') === undefined && /:\d+$/.test(origins.stateDir);
  const isStateDirGiven = origins.stateDir !== 'default' && !isOfSystem;
  const { environment } = terminal.machine;
  return directoriesToAsk({ stateDir: settings.stateDir, isStateDirGiven, environment });
}

/** The state directory, also while the file of the system is broken: the program that runs says more about that. @throws ConfigError */
export async function loadStateDir(invocation: Invocation, terminal: Terminal): Promise<LoadedSettings> {
  const uses = ['stateDir'] as const;
  try {
    return await loadUsedConfiguration(invocation, terminal, uses);
  } catch (error) {
    if (!(error instanceof ConfigError) || invocation.value('config') !== undefined) throw error;
    return await loadWithoutFile(invocation, terminal, uses);
  }
}
