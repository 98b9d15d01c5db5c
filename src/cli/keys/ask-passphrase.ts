import { on } from 'node:events';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { isatty } from 'node:tty';
import { CommandError, type Terminal } from '../command.ts';
import { StoppedError } from '../stop-signal.ts';
import { readSecretFile, STANDARD_INPUT } from './read-secret-file.ts';

/** The file of a flag; undefined to ask a person. */
type PassphraseFile = string | undefined;

/**
 * The passphrase that opens what is encrypted: the first line of a file, or what a person types.
 * @throws CommandError when there is neither
 */
export async function passphraseToOpen(file: PassphraseFile, terminal: Terminal): Promise<string> {
  if (file !== undefined) return firstLine(file);
  const help = 'The key is encrypted. Give its passphrase with --passphrase FILE; - means standard input.';
  return (await ask(['Passphrase: '], help, terminal))[0] ?? '';
}

/**
 * The passphrase for what will be encrypted. A person types it twice, for a slip would close the file for ever.
 * @throws CommandError also for an empty one
 */
export async function newPassphrase(file: PassphraseFile, terminal: Terminal): Promise<string> {
  const help =
    'There is no terminal to ask for a passphrase. Give it with --new-passphrase FILE; - means standard input.';
  const prompts = ['New passphrase: ', 'The same again: '];
  const typed = file === undefined ? await ask(prompts, help, terminal) : [firstLine(file)];
  const [passphrase = '', again = passphrase] = typed;
  if (passphrase !== again) throw new CommandError('The two passphrases differ, and nothing was written.');
  if (passphrase === '') throw new CommandError('The new passphrase is empty, and nothing was written.');
  return passphrase;
}

function firstLine(file: string): string {
  return readSecretFile(file, 'passphrase').toString('utf8').split(/\r?\n/)[0] ?? '';
}

/** Asks a person, and what is typed does not appear. @throws CommandError when there is no person, StoppedError for Ctrl+C */
async function ask(
  prompts: readonly string[],
  noTerminal: string,
  terminal: Terminal,
): Promise<readonly string[]> {
  if (!isatty(STANDARD_INPUT)) throw new CommandError(noTerminal);
  // A reader with a terminal echoes to its output, and nothing else does.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  const ending = new AbortController();
  reader.once('SIGINT', () => ending.abort(new StoppedError('SIGINT')));
  reader.once('close', () => ending.abort());
  // Lines that are pasted at once wait for their prompts.
  const lines = on(reader, 'line', { signal: ending.signal });
  const typed: string[] = [];
  try {
    for (const prompt of prompts) {
      terminal.err(prompt);
      const { value } = await lines.next();
      typed.push(String(value[0]));
      terminal.err('\n');
    }
    return typed;
  } catch {
    terminal.err('\n');
    if (ending.signal.reason instanceof StoppedError) throw ending.signal.reason;
    throw new CommandError('No passphrase was given.');
  } finally {
    reader.close();
  }
}
