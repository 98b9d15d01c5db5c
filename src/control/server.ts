import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { App } from '../app/status.ts';
import { Name } from '../dns/name.ts';
import { type AdjustableLog, type LogLevel, logLevels } from '../observe/log.ts';
import { CONTROL_SOCKET, ControlError, type ControlHandler, openControlSocket } from './socket.ts';

/**
 * Lets `pkarrd status`, `flush` and `log-level` reach the running program through a socket in the state directory.
 * Without it the program still answers DNS, so that it cannot be had is told and no more.
 * @returns what ends it.
 */
export async function openControl(
  app: App,
  stateDir: string,
  log: AdjustableLog,
): Promise<() => Promise<void>> {
  const path = join(stateDir, CONTROL_SOCKET);
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    return await openControlSocket(path, handlers(app, log));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn('Status and flush are not available: the control socket cannot be opened.', { path, reason });
    return async () => {};
  }
}

function handlers(app: App, log: AdjustableLog): Readonly<Record<string, ControlHandler>> {
  return {
    status: async () => {
      const { dht, ...status } = await app.status();
      return { ...status, ...(dht !== undefined && { dht: { ...dht, nodeId: toHex(dht.nodeId) } }) };
    },
    flush: async ([name = '.']) => app.flush(Name.parse(name)),
    'log-level': async ([level]) => {
      if (!isLevel(level)) throw new ControlError(`a level is one of ${logLevels.join(', ')}`);
      log.setLevel(level);
      return { level };
    },
  };
}

function isLevel(text: string | undefined): text is LogLevel {
  return logLevels.some((level) => level === text);
}

function toHex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
