import { type FlagHelp, settingsHelp } from '../config/settings-help.ts';
import { type Command, exitCodesText } from './command.ts';
import { commands } from './commands.ts';

/** How a setting is given other than by its flag. */
const settingsSentence =
  'A setting can also be given as an environment variable (--log-level as PKARRD_LOG_LEVEL) and in the configuration file.';

/** The width of help, in characters. */
const WIDTH = 100;

/** The help of the program. */
export function programHelp(): string {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  return [
    'pkarrd: a local DNS resolver for names that are public keys (Pkarr), and for all other names.',
    '',
    'Usage: pkarrd COMMAND [ARGUMENTS] [FLAGS]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`),
    '',
    'Run "pkarrd COMMAND --help" for the flags of a command, and "pkarrd --version" for the version.',
    exitCodesText,
    '',
  ].join('\n');
}

/** The help of one command, with every flag. */
export function commandHelp(command: Command): string {
  const flags: readonly FlagHelp[] = [
    ...settingsHelp(command.settings),
    ...command.flags.map(({ name, value, help }) => ({
      usage: value === undefined ? `--${name}` : `--${name} ${value}`,
      text: help,
    })),
    { usage: '--help', text: 'Show this help' },
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
    ...(command.settings.length === 0 ? [] : [settingsSentence, '']),
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
