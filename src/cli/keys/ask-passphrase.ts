import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommandError, type Terminal } from '../command.ts';
import { readSecretFile } from './read-secret-file.ts';

/** The file of a flag; undefined to ask a person. */
type PassphraseFile = string | undefined;

/**
 * The passphrase that opens what is encrypted: the first line of a file, or what a person types.
 * @throws CommandError when there is neither
 */
export async function passphraseToOpen(file: PassphraseFile, terminal: Terminal): Promise<string> {
  if (file !== undefined) return firstLine(file);
  return await ask(
    'Passphrase: ',
    'The key is encrypted. Give its passphrase with --passphrase FILE; - means standard input.',
    terminal,
  );
}

/**
 * The passphrase for what will be encrypted. A person types it twice, for a slip would close the file for ever.
 * @throws CommandError also for an empty one
 */
export async function newPassphrase(file: PassphraseFile, terminal: Terminal): Promise<string> {
  const noTerminal =
    'There is no terminal to ask for a passphrase. Give it with --new-passphrase FILE; - means standard input.';
  const passphrase =
    file === undefined ? await ask('New passphrase: ', noTerminal, terminal) : firstLine(file);
  if (passphrase === '') throw new CommandError('The new passphrase is empty, and nothing was written.');
  if (file === undefined && (await ask('The same again: ', noTerminal, terminal)) !== passphrase)
    throw new CommandError('The two passphrases differ, and nothing was written.');
  return passphrase;
}

function firstLine(file: string): string {
  return readSecretFile(file, 'passphrase').toString('utf8').split(/\r?\n/)[0] ?? '';
}

/** Asks a person, and what is typed does not appear. @throws CommandError when there is no person, or it is Ctrl+C */
async function ask(prompt: string, noTerminal: string, terminal: Terminal): Promise<string> {
  if (!process.stdin.isTTY) throw new CommandError(noTerminal);
  terminal.err(prompt);
  // A reader with a terminal echoes to its output, and nothing else does.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  const ending = new AbortController();
  reader.once('SIGINT', () => ending.abort());
  reader.once('close', () => ending.abort());
  try {
    const [line] = (await once(reader, 'line', { signal: ending.signal })) as [string];
    return line;
  } catch {
    throw new CommandError('No passphrase was given.');
  } finally {
    reader.close();
    terminal.err('\n');
  }
}
