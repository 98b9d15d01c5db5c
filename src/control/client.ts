import { join } from 'node:path';
import { CONTROL_SOCKET, tellProgram } from './socket.ts';

/**
 * Tells the program that runs with this state directory something, and gives its answer.
 * @throws ControlError when it refuses, or none runs.
 */
export async function askProgram(stateDir: string, words: readonly string[]): Promise<unknown> {
  return await tellProgram(join(stateDir, CONTROL_SOCKET), words);
}
