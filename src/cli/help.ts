import { type FlagHelp, settingsHelp } from '../config/settings-help.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';

/** Characters of a line of help. */
const WIDTH = 100;

/** Help for the program. */
export function programHelp(): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  return [
    'pkarrd, a local DNS resolver for public-key names and for every other name.',
    '',
    'Usage: pkarrd COMMAND [WORDS AND FLAGS]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    '',
    'pkarrd COMMAND --help tells more of a command, pkarrd --version the version.',
    '',
  ].join('\n');
}

/** Help for one command, every flag included. */
export function commandHelp(command: Command): string {
  const flags: readonly FlagHelp[] = [
    ...settingsHelp(command.settings),
    ...command.flags.map(({ name, value, help }) => ({
      usage: value === undefined ? `--${name}` : `--${name} ${value}`,
      text: help,
    })),
    { usage: '--help', text: 'Show this' },
  ];
  return [
    `Usage: pkarrd ${synopsis(command)}`,
    '',
    ...command.description.flatMap((paragraph) => [...wrap(paragraph, WIDTH), '']),
    'Flags:',
    ...flags.flatMap(({ usage, text }) => [
      `  ${usage}`,
      ...wrap(text, WIDTH - 8).map((line) => `        ${line}`),
    ]),
    '',
    ...(command.settings.length === 0
      ? []
      : ['Flags that are settings can also stand in the environment and in a file: see README.md.', '']),
  ].join('\n');
}

function synopsis({ name, operands, flags, settings }: Command): string {
  const words = operands.map((operand) => (operand.optional === true ? `[${operand.name}]` : operand.name));
  return [name, ...words, ...(flags.length + settings.length > 0 ? ['[FLAGS]'] : [])].join(' ');
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
