import { type SettingGroup, type SettingKey, settingGroups } from '../config/settings.ts';
import { type FlagHelp, settingsHelp } from '../config/settings-help.ts';
import { wrapText } from '../config/wrap-text.ts';
import { type Command, exitCodesText } from './command.ts';
import { commands } from './commands.ts';
import { hanging } from './text-columns.ts';

/** How a setting is given other than by its flag: one sentence of help. */
export const settingsSentence =
  'A setting can also be given as an environment variable (--log-level as PKARRD_LOG_LEVEL) and in the configuration file; ' +
  'a path must be absolute there.';

/** Columns of help that nobody reads on a terminal: as many as terminals mostly have. */
const USUAL_COLUMNS = 80;
/** Words do not fit into less, and lines of more are hard to read. */
const COLUMNS = { least: 40, most: 100 };

/** Settings of a command that stand under one heading; more are in groups. */
const MAX_UNGROUPED = 8;

/** How wide help is on a terminal of `columns`, or where there is none: 40 to 100. A terminal of unknown size has 0 columns. */
export function helpWidth(columns: number | undefined): number {
  const { least, most } = COLUMNS;
  return Math.max(least, Math.min(most, columns || USUAL_COLUMNS));
}

/** The help of the program, in lines of at most `width` characters. */
export function programHelp(width: number): string {
  const column = Math.max(...commands.map(({ name }) => name.length)) + 4;
  return lines([
    ...wrapText(
      'pkarrd: a local DNS resolver for names that are public keys (Pkarr), and for all other names.',
      width,
    ),
    '',
    ...hanging('Usage: ', 'pkarrd COMMAND [ARGUMENTS] [FLAGS]', { column: 9, width }),
    '',
    ...commands.flatMap(({ name, summary }) =>
      hanging(`  ${name}`.padEnd(column), summary, { column, width }),
    ),
    '',
    ...wrapText(
      'Run "pkarrd COMMAND --help" for the flags of a command, and "pkarrd --version" for the version.',
      width,
    ),
    ...wrapText(exitCodesText, width),
  ]);
}

/** The help of one command, with every flag, in lines of at most `width` characters. */
export function commandHelp(command: Command, width: number): string {
  return lines([
    ...hanging('Usage: ', `pkarrd ${commandSynopsis(command)}`, { column: 9, width }),
    '',
    ...command.description.flatMap((paragraph) => [...wrapText(paragraph, width), '']),
    'Flags:',
    ...ownFlags(command).flatMap((flag) => flagLines(flag, width)),
    ...groupsOf(command.settings).flatMap(({ heading, keys }) => [
      '',
      `${heading}:`,
      ...settingsHelp(keys).flatMap((flag) => flagLines(flag, width)),
    ]),
    ...(command.settings.length === 0 ? [] : ['', ...wrapText(settingsSentence, width)]),
  ]);
}

/** Every flag that a command accepts, in the order of its help. */
export function commandFlags(command: Command): readonly FlagHelp[] {
  return [...ownFlags(command), ...settingsHelp(command.settings)];
}

/** How a command is written: `publish ZONEFILE [FLAGS]`. */
export function commandSynopsis({ name, operands, flags, settings }: Command): string {
  const words = operands.map((operand) => {
    const word = operand.optional === true ? `[${operand.name}]` : operand.name;
    return operand.isRepeated === true ? `${word}...` : word;
  });
  return [name, ...words, ...(flags.length + settings.length > 0 ? ['[FLAGS]'] : [])].join(' ');
}

function ownFlags({ flags }: Command): readonly FlagHelp[] {
  return [
    ...flags.map(({ name, short, value, help }) => ({
      usage: value === undefined ? `--${name}` : `--${name} ${value}`,
      text: short === undefined ? help : `${help}; the same as -${short}`,
    })),
    { usage: '--help', text: 'Show this help' },
  ];
}

function groupsOf(keys: readonly SettingKey[]): readonly SettingGroup[] {
  if (keys.length === 0) return [];
  if (keys.length <= MAX_UNGROUPED) return [{ heading: 'Settings', keys }];
  return settingGroups.flatMap((group) => {
    const used = group.keys.filter((key) => keys.includes(key));
    return used.length === 0 ? [] : [{ ...group, keys: used }];
  });
}

function flagLines({ usage, text }: FlagHelp, width: number): readonly string[] {
  return [`  ${usage}`, ...wrapText(text, width - 8).map((line) => `        ${line}`)];
}

function lines(all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
