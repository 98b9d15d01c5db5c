import { rcodeToText, typeToText } from '../../../dns/codes.ts';
import { decodeExtendedError } from '../../../dns/extended-error.ts';
import type { Flags, Message } from '../../../dns/message.ts';
import { recordToText } from '../../../dns/presentation/rdata-text.ts';
import type { ResourceRecord } from '../../../dns/record.ts';

/** A message as dig(1) prints it, for who knows that. */
export function digText(message: Message, tookMs: number): string {
  const { rcode, questions, answers, authorities, additionals, edns } = message;
  const counts = `QUERY: ${questions.length}, ANSWER: ${answers.length}, AUTHORITY: ${authorities.length}, ADDITIONAL: ${additionals.length + (edns === undefined ? 0 : 1)}`;
  const errors = (edns?.options ?? []).flatMap((option) => decodeExtendedError(option) ?? []);
  return [
    `;; ->>HEADER<<- opcode: QUERY, status: ${rcodeToText(rcode)}\n;; flags: ${flagsText(message.flags)}; ${counts}\n`,
    ...(errors.length === 0
      ? []
      : [`;; OPT PSEUDOSECTION:\n${errors.map(({ code, text }) => `; EDE: ${code}: (${text})\n`).join('')}`]),
    `;; QUESTION SECTION:\n${questions.map(({ name, type }) => `;${name}\t\tIN\t${typeToText(type)}\n`).join('')}`,
    section('ANSWER', answers),
    section('AUTHORITY', authorities),
    section('ADDITIONAL', additionals),
    `;; Query time: ${Math.round(tookMs)} msec\n`,
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function section(name: string, records: readonly ResourceRecord[]): string {
  if (records.length === 0) return '';
  return `;; ${name} SECTION:\n${records.map((record) => `${recordToText(record)}\n`).join('')}`;
}

function flagsText(flags: Flags): string {
  return flagNames.flatMap(([flag, text]) => (flags[flag] ? [text] : [])).join(' ');
}

/** In the order of dig. */
const flagNames: readonly (readonly [keyof Flags, string])[] = [
  ['response', 'qr'],
  ['authoritative', 'aa'],
  ['truncated', 'tc'],
  ['recursionDesired', 'rd'],
  ['recursionAvailable', 'ra'],
  ['authenticData', 'ad'],
  ['checkingDisabled', 'cd'],
];
