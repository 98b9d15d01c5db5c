import type { Command } from '../../src/cli/command.ts';
import { commands } from '../../src/cli/commands.ts';
import { commandFlags } from '../../src/cli/help.ts';
import { settings } from '../../src/config/settings.ts';

/** A flag as a shell completes it and a manual page shows it. */
export interface FlagWords {
  /** With its hyphens: `--listen`. */
  readonly flag: string;
  /** The placeholder of its value; absent for a flag that takes none. */
  readonly placeholder?: string;
  /** Without a final period. */
  readonly text: string;
  readonly value: ValueWords;
}

/** What can stand as the value of a flag or as an operand: one of some words, a path, or what a shell cannot know. */
export type ValueWords =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'file' | 'directory' | 'text' | 'none' };

/** A command with everything that help says of it. */
export interface CommandWords {
  readonly command: Command;
  /** In one line, without a final period. */
  readonly summary: string;
  readonly flags: readonly FlagWords[];
  /** In order. */
  readonly operands: readonly ValueWords[];
}

/** Every command, in the order of help. */
export async function programWords(): Promise<readonly CommandWords[]> {
  return await Promise.all(
    commands.map(async ({ summary, load }) => {
      const command = await load();
      const flags = commandFlags(command).map(({ usage, text }) => {
        const [flag = '', placeholder] = usage.split(' ');
        return {
          flag,
          text,
          value: valueWords(placeholder),
          ...(placeholder === undefined ? {} : { placeholder }),
        };
      });
      return { command, summary, flags, operands: command.operands.map(({ name }) => valueWords(name)) };
    }),
  );
}

/** The placeholder says what is expected, in help and here: `on|off`, `FILE`, `LEVEL`. */
function valueWords(placeholder: string | undefined): ValueWords {
  if (placeholder === undefined) return { kind: 'none' };
  const words = (placeholder === 'LEVEL' ? settings.logLevel.kind.placeholder : placeholder).split('|');
  if (words.length > 1) return { kind: 'words', words };
  if (placeholder.endsWith('FILE')) return { kind: 'file' };
  return { kind: placeholder === 'DIRECTORY' ? 'directory' : 'text' };
}
