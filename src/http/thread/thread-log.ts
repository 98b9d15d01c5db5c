import { type Log, type LogFields, type LogLevel, logLevels, Private } from '../../observe/log.ts';
import type { FromThread } from '../messages.ts';

/** A log whose events the main thread writes. What is private is redacted here, for it cannot cross. */
export function threadLog(say: (message: FromThread) => void): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}) =>
      say({ kind: 'log', level, message, fields: crossing(fields) });
  const [error, warn, info, debug] = logLevels.map(at) as [
    Log['error'],
    Log['warn'],
    Log['info'],
    Log['debug'],
  ];
  return { error, warn, info, debug };
}

function crossing(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, value instanceof Private ? String(value) : value]),
  );
}
