import { wrapText } from '../../../config/wrap-text.ts';
import { Rcode, rcodeToText, typeToText } from '../../../dns/codes.ts';
import { rdataToText, recordToText } from '../../../dns/presentation/rdata-text.ts';
import type { ResourceRecord } from '../../../dns/record.ts';
import { type Explanation, explain } from '../../../way/explanation.ts';
import { type Colours, coloursOf } from '../../colours.ts';
import { Exit, type Terminal } from '../../command.ts';
import { readerColumns } from '../../text-columns.ts';
import { recordToJson } from '../record-json.ts';
import { type Asked, exitOf, summaryOf } from './asked.ts';

/** The width of explanations, in characters: on a terminal that is not wider, and what is easy to read. */
const WIDTH = { least: 40, most: 114 };

/** Writes an answer as `dig +noall +answer` does, with comments that say how it was got. */
export function writeAnswer(asked: Asked, terminal: Terminal): void {
  const { message, extendedErrors } = asked;
  const colours = coloursOf(terminal);
  const { answers, authorities } = message;
  terminal.out(terminal.outIsTerminal ? columns(answers, colours) : lines(answers));
  if (answers.length === 0) terminal.out(comments(lines(authorities), colours));
  const paint = paintOf(asked, colours);
  terminal.out(`${colours.dim('; ')}${paint(summaryOf(asked))}${colours.dim(`, ${howText(asked)}`)}\n`);
  const errors = extendedErrors.map(({ code, text }) => `extended error ${code}${text && `: ${text}`}\n`);
  terminal.out(comments(errors.join(''), colours));
}

/** That a name has no such records is an answer; that there is no such name, or no answer, is what somebody looks for. */
function paintOf(asked: Asked, { dim, yellow, red }: Colours): Colours['dim'] {
  if (exitOf(asked) === Exit.OK) return dim;
  return asked.message.rcode === Rcode.NOERROR ? yellow : red;
}

/** Writes how an answer came about, and what to do, as comments. Nothing where that was not asked for. */
export function writeExplanation(asked: Asked, terminal: Terminal): void {
  const explanation = explanationOf(asked, terminal.now());
  if (explanation === undefined) return;
  const { bold, dim } = coloursOf(terminal);
  const { steps, advice } = explanation;
  const width = Math.max(WIDTH.least, Math.min(WIDTH.most, readerColumns(terminal) ?? WIDTH.most));
  const line = (head: string, text: string) => `${dim(`; ${head}`)}${text}\n`;
  const block = (head: string, text: string) =>
    wrapText(text, width - 2 - head.length)
      .map((words, index) => line(index === 0 ? head : ' '.repeat(head.length), words))
      .join('');
  terminal.out(`${dim('; ')}${bold('How the answer came about:')}\n`);
  for (const { atMs, sentence } of steps) terminal.out(block(`${timeText(atMs)} ms  `, sentence));
  if (advice.length > 0) terminal.out(`${dim('; ')}${bold('What to do:')}\n`);
  for (const sentence of advice) terminal.out(block('- ', sentence));
}

function explanationOf(asked: Asked, now: number): Explanation | undefined {
  const { way, message, extendedErrors } = asked;
  if (way === undefined) return undefined;
  const isGood = exitOf(asked) === Exit.OK;
  return explain({ facts: way, rcode: rcodeToText(message.rcode), extendedErrors, isGood }, now);
}

function timeText(ms: number): string {
  return (ms < 10 ? ms.toFixed(1) : String(Math.round(ms))).padStart(6);
}

/** Writes the data of records alone, as `dig +short` does. What is wrong goes to standard error. */
export function writeShort(asked: Asked, terminal: Terminal): void {
  const colours = coloursOf(terminal);
  for (const { type, rdata } of asked.message.answers)
    terminal.out(`${colours.green(rdataToText(type, rdata))}\n`);
  if (exitOf(asked) !== Exit.OK) terminal.err(`${summaryOf(asked)}.\n`);
}

/** An answer as JSON. */
export function askedToJson(asked: Asked, now: number) {
  const { question, message, extendedErrors, milliseconds, isCached, server, way } = asked;
  const explanation = explanationOf(asked, now);
  return {
    question: { name: question.name.toString(), type: typeToText(question.type) },
    rcode: rcodeToText(message.rcode),
    ...(isCached !== undefined && { isCached }),
    ...(server !== undefined && { server }),
    durationMs: Math.round(milliseconds * 10) / 10,
    authenticData: message.flags.authenticData,
    answers: message.answers.map(recordToJson),
    authorities: message.authorities.map(recordToJson),
    extendedErrors,
    ...(explanation && {
      way,
      explanation: explanation.steps.map(({ sentence }) => sentence),
      advice: explanation.advice,
    }),
  };
}

function howText({ isCached, server, milliseconds }: Asked): string {
  const from = server === undefined ? (isCached ? 'from the cache' : 'not from the cache') : `from ${server}`;
  return `${from}, ${milliseconds.toFixed(1)} ms`;
}

function lines(records: readonly ResourceRecord[]): string {
  return records.map((record) => `${recordToText(record)}\n`).join('');
}

/** Each line of a text as a comment of a zone file. */
function comments(text: string, { dim }: Colours): string {
  return text.replace(/^.+$/gm, (line) => dim(`; ${line}`));
}

/** Records one below the other, for people. */
function columns(records: readonly ResourceRecord[], { bold, cyan, dim, green }: Colours): string {
  const rows = records.map(({ name, ttl, type, rdata }) => [
    String(name),
    String(ttl),
    typeToText(type),
    rdataToText(type, rdata),
  ]);
  const width = (column: number) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0));
  const [names, ttls, types] = [width(0), width(1), width(2)];
  return rows
    .map(
      ([name = '', ttl = '', type = '', data = '']) =>
        `${bold(name.padEnd(names))} ${dim(`${ttl.padStart(ttls)} IN`)} ${cyan(type.padEnd(types))} ${green(data)}\n`,
    )
    .join('');
}
