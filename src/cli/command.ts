import type { SettingKey } from '../config/settings.ts';
import type { Machine } from '../config/table/setting.ts';
import { EXIT_INTERNAL_ERROR } from '../system/uncaught.ts';
import type { LivingLine } from './living-line.ts';
import type { StopSignal, stopExits } from './stop-signal.ts';

/** The exit codes of all commands; 70 is `EX_SOFTWARE` of sysexits.h. */
export const Exit = { OK: 0, FAILED: 1, USAGE: 2, NOT_RUNNING: 3, INTERNAL: EXIT_INTERNAL_ERROR } as const;

/** One of `Exit`, or that of a command which ended in order because of a signal. */
export type ExitCode = (typeof Exit)[keyof typeof Exit] | (typeof stopExits)[StopSignal];

/** `Exit` as a sentence for help and documentation. */
export const exitCodesText =
  `Exit codes: ${Exit.OK} success, ${Exit.FAILED} failure, ${Exit.USAGE} invalid usage or configuration, ` +
  `${Exit.NOT_RUNNING} no running pkarrd to ask, ${Exit.INTERNAL} internal error.`;

/** A command of the program: one file each. */
export interface Command {
  readonly name: string;
  /** What it does, in paragraphs of help. */
  readonly description: readonly string[];
  /** In order; optional ones come last. */
  readonly operands: readonly OperandSpec[];
  /** Its own flags. */
  readonly flags: readonly FlagSpec[];
  /** The settings that it accepts as flags. */
  readonly settings: readonly SettingKey[];
  /** @throws CommandError, UsageError, ConfigError. */
  run(invocation: Invocation, terminal: Terminal): Promise<ExitCode>;
}

/** A positional argument of the command line. */
export interface OperandSpec {
  /** Its name in help: `ZONEFILE`. */
  readonly name: string;
  readonly optional?: true;
  /** The last one may stand several times. */
  readonly isRepeated?: true;
}

/** A flag that is not a setting. */
export interface FlagSpec {
  /** Without the hyphens. */
  readonly name: string;
  /** A letter that means the same behind one hyphen. */
  readonly short?: string;
  /** The placeholder of its value in help; absent for a flag that takes no value. */
  readonly value?: string;
  /** All words behind it are its values, whatever they look like. */
  readonly takesRest?: true;
  /** In one line, without a final period. */
  readonly help: string;
}

/** A parsed command line that is valid for its command. */
export interface Invocation {
  readonly operands: readonly string[];
  /** The last value of a flag. */
  value(flag: string): string | undefined;
  /** All values of a flag, in the order of the command line. */
  values(flag: string): readonly string[];
  /** Whether the flag was given. */
  has(flag: string): boolean;
  readonly settings: Readonly<Partial<Record<SettingKey, readonly string[]>>>;
}

/** Everything that a command uses besides its arguments. */
export interface Terminal {
  /** Writes results to standard output. */
  out(text: string): void;
  /** Writes notes and errors to standard error. */
  err(text: string): void;
  /** A line on standard error about what goes on; what is written to the other two goes above it. */
  readonly line: LivingLine;
  /** Whether standard output is a terminal, so that it is read by a person. */
  readonly outIsTerminal: boolean;
  /** Whether standard error is a terminal. */
  readonly errIsTerminal: boolean;
  /** How many columns the terminal has that standard output is; undefined or 0 where nobody knows. */
  readonly outColumns?: number | undefined;
  /** The same of standard error. */
  readonly errColumns?: number | undefined;
  /** Whether standard error goes to the systemd journal. */
  readonly errIsJournal: boolean;
  readonly machine: Machine;
  /** Milliseconds since 1970 (Unix epoch). */
  now(): number;
}

/** The command failed; the message is one sentence, or one per line. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exit: ExitCode;
  /** What helps to see what to do, whole lines: a table, the difference. Written after the message as it is. */
  readonly details: string;
  /** What `--json` has about it besides. */
  readonly values: Readonly<Record<string, unknown>>;

  constructor(
    message: string,
    options: ErrorOptions & Partial<Pick<CommandError, 'exit' | 'details' | 'values'>> = {},
  ) {
    super(message, options);
    this.exit = options.exit ?? Exit.FAILED;
    this.details = options.details ?? '';
    this.values = options.values ?? {};
  }
}

/** The command line is invalid; the message is one sentence. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** `--json`, for every command that prints results. */
export const jsonFlag: FlagSpec = { name: 'json', help: 'Write the result, or an error, as JSON' };

/** `--config`, for every command that uses settings. */
export const configFlag: FlagSpec = {
  name: 'config',
  value: 'FILE',
  help: 'Read settings from this file (default: /etc/pkarrd/pkarrd.toml, if it exists)',
};

/** The version of what `--json` writes: a field that is renamed, removed or means something else makes the next one. */
const JSON_SCHEMA = 1;

/** Writes `value` as indented JSON with a final line feed. See `toJson`. */
export function writeJson(terminal: Terminal, value: object): void {
  terminal.out(`${toJson(value, 2)}\n`);
}

/** Writes `value` as JSON in one line. See `toJson`. */
export function writeJsonLine(terminal: Terminal, value: object): void {
  terminal.out(`${toJson(value)}\n`);
}

/** `value` as JSON, with the version of the schema. A bigint becomes a string, and numbers have three decimals at most. */
export function toJson(value: object, indent?: number): string {
  const shown = (_: string, item: unknown) => {
    if (typeof item === 'bigint') return String(item);
    return typeof item === 'number' ? Math.round(item * 1000) / 1000 : item;
  };
  return JSON.stringify({ schema: JSON_SCHEMA, ...value }, shown, indent);
}
