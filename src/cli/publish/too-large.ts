import { MAX_PUBLISH_BYTES } from '../../pkarr/packet-message.ts';
import type { PublicKey } from '../../pkarr/public-key.ts';
import { MAX_MEASURED_RECORDS, recordSavings } from '../../pkarr/zone/size/savings.ts';
import { type ShrinkPlan, shrinkPlan } from '../../pkarr/zone/size/shrink.ts';
import type { LargeZoneProblem } from '../../publish/zone-problem.ts';
import { relativeRecord } from './relative-records.ts';

/** The most records that the table has, and the characters of each. */
const MAX_ROWS = 15;
const MAX_RECORD = 70;

/** What can be done about a zone that is too large, as values. */
export interface SizeReport {
  /** The most that can be saved first; empty for a zone with more records than are measured. */
  readonly records: readonly {
    readonly saves: number;
    readonly path?: string;
    readonly line: number;
    readonly record: string;
  }[];
  readonly advice: ShrinkPlan['advice'];
  readonly enough: ShrinkPlan['enough'];
}

/** Finds what each record costs, and what would make the zone smaller. */
export function sizeReport({ zone }: LargeZoneProblem, key: PublicKey): SizeReport {
  const savings = recordSavings(zone.records) ?? [];
  const records = savings
    .map((saves, index) => {
      const { line = 0, path } = zone.places[index] ?? {};
      const record = zone.records[index];
      const text = record === undefined ? '' : relativeRecord(record, key);
      return { saves, ...(path !== undefined && { path }), line, record: text };
    })
    .sort((a, b) => b.saves - a.saves);
  return { records, ...shrinkPlan(zone.records, key.name) };
}

/** The same for `--json`. */
export function sizeReportToJson({ records, advice, enough }: SizeReport) {
  return {
    savings: records.map(({ saves, path, line, record }) => ({
      savesBytes: saves,
      ...(path !== undefined && { file: path }),
      line,
      record,
    })),
    remedies: advice.map(({ text, saves }) => ({ savesBytes: saves, text })),
    ...(enough !== undefined && { enough: { taken: enough.taken, bytes: enough.left } }),
  };
}

/** The same as lines for people. */
export function sizeReportText({ records, advice, enough }: SizeReport, { zone }: LargeZoneProblem): string {
  if (records.length === 0)
    return `It has ${zone.records.length} records; a packet holds some dozens. Over ${MAX_MEASURED_RECORDS} are not measured one by one: divide them among several keys.\n`;
  const shown = records.slice(0, records.length > MAX_ROWS + 1 ? MAX_ROWS : records.length);
  const rest = records.slice(shown.length);
  const rows = shown.map(({ saves, line, path, record }) => {
    const place = path === undefined ? String(line) : `${path}:${line}`;
    return `${String(saves).padStart(7)}  ${place.padStart(6)}  ${short(record)}\n`;
  });
  return [
    'What each record would save if it were left out, in bytes:\n',
    '  saves    line  record\n',
    ...rows,
    ...(rest.length === 0
      ? []
      : [`                 and ${rest.length} more, which save ${rest[0]?.saves} or less each\n`]),
    ...(advice.length === 0 ? [] : ['What helps, and what it saves:\n']),
    ...advice.map(({ text, saves }, index) => `${String(saves).padStart(7)}  ${index + 1}. ${text}.\n`),
    ...(enough === undefined
      ? []
      : [
          `Advice ${numbers(enough.taken)} ${enough.taken.length === 1 ? 'is' : 'are'} enough: ${enough.left} of ${MAX_PUBLISH_BYTES} bytes.\n`,
        ]),
  ].join('');
}

/** `1`, or `1 and 3 together`. */
function numbers(taken: readonly number[]): string {
  const words = taken.map((index) => String(index + 1));
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)} together`;
}

function short(text: string): string {
  return text.length > MAX_RECORD ? `${text.slice(0, MAX_RECORD - 1)}…` : text;
}
