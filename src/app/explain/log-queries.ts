import { type AdjustableLog, Private } from '../../observe/log.ts';
import { lineOf } from '../../way/line.ts';
import type { QueryBatch } from '../../way/query-event.ts';
import type { App } from '../status.ts';

/** Logs each query with its way while the level of the log is `debug`, at which names are written. */
export function logQueries(app: Pick<App, 'followQueries'>, log: AdjustableLog): void {
  let leave: (() => void) | undefined;
  log.onLevel((level) => {
    if (level === 'debug') leave ??= app.followQueries((batch) => logBatch(log, batch));
    else {
      leave?.();
      leave = undefined;
    }
  });
}

function logBatch(log: AdjustableLog, { events, dropped }: QueryBatch): void {
  for (const { client, protocol, name, type, rcode, durationMs, way } of events) {
    log.debug('Query.', {
      name: new Private(name),
      type,
      client: new Private(client),
      protocol,
      rcode,
      ms: durationMs,
      way: new Private(lineOf(way)),
    });
  }
  if (dropped > 0) log.debug('More queries than can be logged.', { leftOut: dropped });
}
