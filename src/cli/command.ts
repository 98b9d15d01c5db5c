import type { Machine, SettingKey } from '../config/settings.ts';

/** What a command ends with: it did what was asked, it could not, or it was not asked rightly. */
export const Exit = { OK: 0, FAILED: 1, USAGE: 2 } as const;

/** One of `Exit`. */
export type ExitCode = (typeof Exit)[keyof typeof Exit];

/** A command of the program: one file each. */
export interface Command {
  readonly name: string;
  /** What it does, in paragraphs, for its help. */
  readonly description: readonly string[];
  /** In order; those that may be left out stand last. */
  readonly operands: readonly OperandSpec[];
  /** Flags of its own. */
  readonly flags: readonly FlagSpec[];
  /** Settings that it takes as flags. */
  readonly settings: readonly SettingKey[];
  /** @throws CommandError, UsageError, ConfigError. */
  run(invocation: Invocation, terminal: Terminal): Promise<ExitCode>;
}

/** A word of the command line that is no flag. */
export interface OperandSpec {
  /** As help shows it: `ZONEFILE`. */
  readonly name: string;
  readonly optional?: true;
}

/** A flag that is no setting. */
export interface FlagSpec {
  /** Without its hyphens. */
  readonly name: string;
  /** As help shows the value that must follow; absent for a flag that takes none. */
  readonly value?: string;
  /** In one line, without a final stop. */
  readonly help: string;
}

/** A command line that has the form its command wants. */
export interface Invocation {
  readonly operands: readonly string[];
  /** The last value of a flag. */
  value(flag: string): string | undefined;
  /** True when the flag was given. */
  has(flag: string): boolean;
  readonly settings: Readonly<Partial<Record<SettingKey, readonly string[]>>>;
}

/** What a command works with beside its arguments. */
export interface Terminal {
  /** Results: standard output. */
  out(text: string): void;
  /** Progress and mistakes: standard error. */
  err(text: string): void;
  /** Somebody is watching standard error, so that a line may be written over. */
  readonly errIsTerminal: boolean;
  /** Standard error goes to the journal of systemd. */
  readonly errIsJournal: boolean;
  readonly machine: Machine;
  /** Milliseconds since 1970. */
  now(): number;
}

/** The command could not do what was asked: one sentence for people. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}

/** The command line is wrong: one sentence for people. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** `--json`, for every command that has results. */
export const jsonFlag: FlagSpec = { name: 'json', help: 'Write the result as JSON' };

/** `--config`, for every command that has settings. */
export const configFlag: FlagSpec = {
  name: 'config',
  value: 'FILE',
  help: 'Read settings from this file (default: /etc/pkarrd/pkarrd.toml when it exists)',
};

/** Writes `value` as JSON, readable, ending with a line feed. Big numbers become strings. */
export function writeJson(terminal: Terminal, value: unknown): void {
  const text = JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item), 2);
  terminal.out(`${text}\n`);
}
