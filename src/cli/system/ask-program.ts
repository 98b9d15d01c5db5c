import { askProgram } from '../../control/client.ts';
import { ControlError } from '../../control/socket.ts';
import { CommandError } from '../command.ts';

/**
 * Sends a request to the program that runs with this state directory.
 * @returns the value of its reply.
 * @throws CommandError when it refuses, or when none is running.
 */
export async function askRunning(stateDir: string, words: readonly string[]): Promise<unknown> {
  try {
    return await askProgram(stateDir, words);
  } catch (error) {
    if (error instanceof ControlError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}
