import { type FlagHelp, settingsHelp } from '../config/settings-help.ts';
import { wrapText } from '../config/wrap-text.ts';
import { type Command, exitCodesText } from './command.ts';
import { commands } from './commands.ts';

/** How a setting is given other than by its flag: one sentence of help. */
export const settingsSentence =
  'A setting can also be given as an environment variable (--log-level as PKARRD_LOG_LEVEL) and in the configuration file; ' +
  'a path must be absolute there.';

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
  return [
    `Usage: pkarrd ${commandSynopsis(command)}`,
    '',
    ...command.description.flatMap((paragraph) => [...wrapText(paragraph, WIDTH), '']),
    'Flags:',
    ...commandFlags(command).flatMap(({ usage, text }) => [
      `  ${usage}`,
      ...wrapText(text, WIDTH - 8).map((line) => `        ${line}`),
    ]),
    '',
    ...(command.settings.length === 0 ? [] : [...wrapText(settingsSentence, WIDTH), '']),
  ].join('\n');
}

/** Every flag that a command accepts, in the order of its help. */
export function commandFlags(command: Command): readonly FlagHelp[] {
  return [
    ...settingsHelp(command.settings),
    ...command.flags.map(({ name, short, value, help }) => ({
      usage: value === undefined ? `--${name}` : `--${name} ${value}`,
      text: short === undefined ? help : `${help}; the same as -${short}`,
    })),
    { usage: '--help', text: 'Show this help' },
  ];
}

/** How a command is written: `publish ZONEFILE [FLAGS]`. */
export function commandSynopsis({ name, operands, flags, settings }: Command): string {
  const words = operands.map((operand) => {
    const word = operand.optional === true ? `[${operand.name}]` : operand.name;
    return operand.isRepeated === true ? `${word}...` : word;
  });
  return [name, ...words, ...(flags.length + settings.length > 0 ? ['[FLAGS]'] : [])].join(' ');
}
