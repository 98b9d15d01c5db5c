import { closeSync, openSync, readSync } from 'node:fs';
import { decryptSeed, isEncryptedKey } from '../../pkarr/encrypted-seed.ts';
import { KeyPair } from '../../pkarr/key-pair.ts';
import { KeyFileError, writeKeyFile } from '../../publish/key-file.ts';
import {
  type Command,
  CommandError,
  Exit,
  jsonFlag,
  type Terminal,
  UsageError,
  writeJson,
} from '../command.ts';
import { askPassphrase } from './ask-passphrase.ts';

/** Octets of a seed file that are read: 64 digits, `0x`, and white space; or 280 of an encrypted key, with some text around it. */
const MAX_SEED_FILE = 4096;
const STANDARD_INPUT = 0;

/** Generates a key pair and writes the secret to a file. */
export const keygen: Command = {
  name: 'keygen',
  description: [
    'Generates a key pair, writes the secret to a file that only you can read, and prints the public key on standard ' +
      'output. The public key is the name under which your records are found.',
    'With --from-seed it imports an existing key; also one that the page of pkarrd saved, encrypted with a passphrase.',
    'The secret is never printed. Anybody who has the file can publish under this key, and without it nobody can: keep a ' +
      'backup.',
  ],
  operands: [],
  flags: [
    {
      name: 'out',
      value: 'FILE',
      help: 'Write the secret to this file, which must not exist (default: PUBLICKEY.key in the current directory)',
    },
    {
      name: 'from-seed',
      value: 'FILE',
      help: 'Import the key from this seed file of 64 hexadecimal characters, as pkdns uses it, or encrypted; - means standard input',
    },
    {
      name: 'passphrase',
      value: 'FILE',
      help: 'The first line of this file opens an encrypted key; - means standard input (default: ask)',
    },
    jsonFlag,
  ],
  settings: [],
  async run(invocation, terminal) {
    const seedFile = invocation.value('from-seed');
    const keyPair =
      seedFile === undefined
        ? KeyPair.generate()
        : await readSeed(seedFile, invocation.value('passphrase'), terminal);
    const { text } = keyPair.publicKey;
    const file = invocation.value('out') ?? `${text}.key`;
    try {
      writeKeyFile(file, keyPair);
    } catch (error) {
      if (error instanceof KeyFileError) throw new CommandError(error.message, { cause: error });
      throw error;
    }
    if (invocation.has('json')) {
      writeJson(terminal, { publicKey: text, file });
    } else {
      terminal.err(`The secret key was written to ${file}.\n`);
      terminal.out(`${text}\n`);
    }
    return Exit.OK;
  },
};

/** @throws CommandError, which never shows the content of the file. */
async function readSeed(
  file: string,
  passphraseFile: string | undefined,
  terminal: Terminal,
): Promise<KeyPair> {
  if (file === '-' && passphraseFile === '-')
    throw new UsageError('keygen: only one of --from-seed and --passphrase can be standard input.');
  const where = file === '-' ? 'Standard input' : file;
  const text = readStart(file, 'seed').trim().replace(/^0x/i, '');
  if (/^[0-9a-f]{64}$/i.test(text)) return KeyPair.fromSeed(Buffer.from(text, 'hex'));
  if (!isEncryptedKey(text))
    throw new CommandError(
      `${where} is not a seed: expected 64 hexadecimal characters, or an encrypted key.`,
    );
  const passphrase =
    passphraseFile === undefined
      ? await askPassphrase(terminal)
      : (readStart(passphraseFile, 'passphrase').split(/\r?\n/)[0] ?? '');
  const opened = await decryptSeed(text, passphrase);
  if (opened.ok) return KeyPair.fromSeed(opened.seed);
  throw new CommandError(
    opened.fault === 'wrong-passphrase'
      ? `The passphrase does not open ${where}.`
      : `${where} is encrypted in another way than the page of pkarrd does it. Decrypt it first: openssl pkey -in FILE.`,
  );
}

function readStart(file: string, what: 'seed' | 'passphrase'): string {
  const bytes = Buffer.alloc(MAX_SEED_FILE);
  let descriptor: number | undefined;
  try {
    descriptor = file === '-' ? STANDARD_INPUT : openSync(file, 'r');
    let length = 0;
    // A read from a pipe returns what is there; more may follow.
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    return bytes.toString('utf8', 0, length);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason = code === 'ENOENT' ? 'no such file' : message;
    throw new CommandError(`Cannot read the ${what} from ${file}: ${reason}.`, { cause: error });
  } finally {
    if (descriptor !== undefined && descriptor !== STANDARD_INPUT) closeSync(descriptor);
  }
}
