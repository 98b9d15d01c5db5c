import { lineOf } from '../../../way/line.ts';
import type { QueryBatch, QueryEvent } from '../../../way/query-event.ts';
import { type Colours, coloursOf } from '../../colours.ts';
import { Exit, type ExitCode, type Invocation, type Terminal, toJson, UsageError } from '../../command.ts';
import { onStopSignal } from '../../stop-signal.ts';
import { followRunning } from '../../system/ask-program.ts';

/**
 * Shows the queries that the running program answers, one line each, until a signal stops it.
 * @throws UsageError, CommandError
 */
export async function followQueries(invocation: Invocation, terminal: Terminal): Promise<ExitCode> {
  if (invocation.operands.length > 0 || invocation.has('reverse'))
    throw new UsageError('query: --follow shows the queries of others and takes no NAME.');
  const stopped = new AbortController();
  onStopSignal(() => stopped.abort());
  const colours = coloursOf(terminal);
  const write = (batch: QueryBatch) => {
    const lines = invocation.has('json') ? jsonLines(batch) : textLines(batch, colours);
    terminal.out(lines.join(''));
  };
  // Both ends run this program.
  const observe = (value: unknown) => write(value as QueryBatch);
  await followRunning(invocation, terminal, 'follow', { observe, signal: stopped.signal });
  return Exit.OK;
}

function jsonLines({ events, dropped }: QueryBatch): readonly string[] {
  const lines = events.map(
    ({ at, ...event }) => `${toJson({ date: new Date(at).toISOString(), ...event })}\n`,
  );
  return dropped > 0 ? [...lines, `${toJson({ dropped })}\n`] : lines;
}

function textLines({ events, dropped }: QueryBatch, colours: Colours): readonly string[] {
  const lines = events.map((event) => textLine(event, colours));
  return dropped > 0
    ? [
        ...lines,
        colours
          .red(`; ${dropped === 1 ? '1 more query was' : `${dropped} more queries were`} left out`)
          .concat('\n'),
      ]
    : lines;
}

function textLine(
  { at, client, protocol, name, type, rcode, durationMs, way }: QueryEvent,
  { bold, cyan, dim, green, red }: Colours,
): string {
  const time = new Date(at).toISOString().slice(11, 23);
  const answer = rcode === 'NOERROR' ? green(rcode) : red(rcode);
  const question = name === '' ? '(no question)' : `${bold(name)} ${cyan(type)}`;
  return `${dim(`${time} ${client} ${protocol}`)} ${question} ${answer} ${dim(`${durationMs.toFixed(1)} ms ${lineOf(way)}`)}\n`;
}
