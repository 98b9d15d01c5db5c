import { mkdir } from 'node:fs/promises';
import type { App } from '../app/status.ts';
import { Name } from '../dns/name.ts';
import { WireError } from '../dns/wire-error.ts';
import { type AdjustableLog, type LogLevel, logLevels } from '../observe/log.ts';
import { type ControlHandler, type ControlServer, openControlSocket } from './server.ts';
import { ControlError, controlSocketPath } from './socket.ts';

/**
 * Lets `pkarrd status`, `flush` and `log-level` control the running program through a socket in the state directory. The
 * program works without it, so failing to open it is only a warning.
 */
export async function openControl(app: App, stateDir: string, log: AdjustableLog): Promise<ControlServer> {
  const path = controlSocketPath(stateDir);
  const onError = (error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.error('Error at the control socket.', { path, error: text });
  };
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
    return await openControlSocket(path, handlers(app, log), onError);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    log.warn('Cannot open the control socket; status, flush and log-level are not available.', {
      path,
      reason,
    });
    return { close: async () => {} };
  }
}

function handlers(app: App, log: AdjustableLog): Readonly<Record<string, ControlHandler>> {
  return {
    status: async () => {
      const { dht, ...status } = await app.status();
      return { ...status, ...(dht !== undefined && { dht: { ...dht, nodeId: toHex(dht.nodeId) } }) };
    },
    flush: async ([name = '.']) => await app.flush(parseName(name)),
    'log-level': async ([level]) => {
      if (!isLevel(level)) throw new ControlError(`A log level is one of ${logLevels.join(', ')}.`);
      log.setLevel(level);
      return { level };
    },
  };
}

function parseName(text: string): Name {
  try {
    return Name.parse(text);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new ControlError(`${JSON.stringify(text)} is not a domain name.`, { cause: error });
  }
}

function isLevel(text: string | undefined): text is LogLevel {
  return logLevels.some((level) => level === text);
}

function toHex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}
