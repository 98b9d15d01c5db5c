import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CommandError, type Terminal } from '../command.ts';

/** Asks a person for a passphrase, which does not appear. @throws CommandError when there is no person, or it is Ctrl+C */
export async function askPassphrase(terminal: Terminal): Promise<string> {
  if (!process.stdin.isTTY)
    throw new CommandError(
      'The key file is encrypted. Give its passphrase with --passphrase FILE; - means standard input.',
    );
  terminal.err('Passphrase: ');
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
