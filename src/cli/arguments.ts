import { parseArgs } from 'node:util';
import { didYouMean } from '../config/nearest.ts';
import { flagOf, type SettingKey } from '../config/settings.ts';
import { type Command, type Invocation, UsageError } from './command.ts';

/** The result of parsing the arguments of a command. */
export type ParsedArguments =
  | { readonly kind: 'help' }
  | { readonly kind: 'run'; readonly invocation: Invocation };

/**
 * Parses the arguments of a command: flags in any position, `--flag value` or `--flag=value`, and `--` before operands
 * that begin with a hyphen.
 * @throws UsageError for the first invalid argument.
 */
export function parseArguments(command: Command, words: readonly string[]): ParsedArguments {
  const keys = new Map<string, SettingKey>(command.settings.map((key) => [flagOf(key).slice(2), key]));
  const wantsValue = new Map<string, boolean>([
    ...[...keys.keys()].map((name) => [name, true] as const),
    ...command.flags.map(({ name, value }) => [name, value !== undefined] as const),
    ['help', false],
  ]);
  const letters = new Map<string, string>([
    ...command.flags.flatMap(({ name, short }) => (short === undefined ? [] : [[name, short] as const])),
    ['help', 'h'],
  ]);
  const options = Object.fromEntries(
    [...wantsValue].map(([name, wants]) => {
      const short = letters.get(name);
      return [
        name,
        { type: wants ? ('string' as const) : ('boolean' as const), ...(short !== undefined && { short }) },
      ];
    }),
  );
  const { own, rest } = withoutRest(command, words);
  // Not strict: the errors are explained below.
  const { tokens } = parseArgs({
    args: [...own],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const operands: string[] = [];
  const given = new Map<string, string[]>();
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, rawName, value, inlineValue } = token;
    const wants = wantsValue.get(name);
    if (wants === undefined) {
      const known = [...wantsValue.keys()].map((flag) => `--${flag}`);
      throw new UsageError(`${command.name}: unknown flag ${rawName}.${didYouMean(rawName, known)}`);
    }
    if (!wants && value !== undefined) throw new UsageError(`${rawName} takes no value.`);
    // In `--listen --json` the value was forgotten. A value that begins with a hyphen is written `--listen=-x`, but `-3` is no flag.
    if (wants && (value === undefined || value === '' || (inlineValue === false && /^-\D/.test(value)))) {
      throw new UsageError(`${rawName} needs a value.`);
    }
    given.set(name, [...(given.get(name) ?? []), value ?? '']);
  }
  if (rest !== undefined) given.set(rest.flag, [...rest.words]);
  if (given.has('help')) return { kind: 'help' };
  checkOperands(command, operands);
  const settings = Object.fromEntries(
    [...keys].flatMap(([name, key]) => (given.has(name) ? [[key, given.get(name)]] : [])),
  );
  const invocation: Invocation = {
    operands,
    value: (flag) => given.get(flag)?.at(-1),
    values: (flag) => given.get(flag) ?? [],
    has: (flag) => given.has(flag),
    settings,
  };
  return { kind: 'run', invocation };
}

/** The words before a flag that takes all behind it, and those behind it. @throws UsageError when there is none. */
function withoutRest(
  { flags }: Command,
  words: readonly string[],
): {
  readonly own: readonly string[];
  readonly rest?: { readonly flag: string; readonly words: readonly string[] };
} {
  const flag = flags.find(({ takesRest }) => takesRest === true)?.name;
  const at = flag === undefined ? -1 : words.indexOf(`--${flag}`);
  const isOperand = words.slice(0, Math.max(0, at)).includes('--');
  if (flag === undefined || at < 0 || isOperand) return { own: words };
  const rest = words.slice(at + 1);
  if (rest[0] === undefined || rest[0] === '') throw new UsageError(`--${flag} needs a value.`);
  return { own: words.slice(0, at), rest: { flag, words: rest } };
}

function checkOperands(command: Command, operands: readonly string[]): void {
  const missing = command.operands[operands.length];
  if (missing !== undefined && missing.optional !== true) {
    throw new UsageError(`${command.name}: ${missing.name} is missing.`);
  }
  // A variable of a shell that is not set; `flush "$NAME"` would flush everything.
  const emptyAt = operands.indexOf('');
  const empty = emptyAt < 0 ? undefined : command.operands[Math.min(emptyAt, command.operands.length - 1)];
  if (empty !== undefined) throw new UsageError(`${command.name}: ${empty.name} is empty.`);
  const extra = operands[command.operands.length];
  if (extra !== undefined && command.operands.at(-1)?.isRepeated !== true) {
    const expected = command.operands.map(({ name }) => name).join(' and ') || 'only flags';
    throw new UsageError(
      `${command.name}: unexpected argument ${JSON.stringify(extra)}; ${command.name} takes ${expected}.`,
    );
  }
}
