import { closeSync, openSync, readSync } from 'node:fs';
import { KeyPair } from '../../pkarr/key-pair.ts';
import { KeyFileError, writeKeyFile } from '../../publish/key-file.ts';
import { type Command, CommandError, Exit, jsonFlag, writeJson } from '../command.ts';

/** Octets of a seed's file that are read: 64 characters, and what white space an editor may add. */
const MAX_SEED_FILE = 256;
const STANDARD_INPUT = 0;

/** Makes a key and keeps its secret in a file. */
export const keygen: Command = {
  name: 'keygen',
  description: [
    'Makes a key pair, writes its secret to a file that only you can read, and prints the public key: the name ' +
      'under which everything that you publish with it is found.',
    'With --from-seed it is a key that you have already, in a file of our own.',
    'The secret is never printed. Whoever has the file can publish in your name, and without it nobody can: keep a copy.',
  ],
  operands: [],
  flags: [
    {
      name: 'out',
      value: 'FILE',
      help: 'Write the secret to this file, which must not exist (default: the public key and .key, in this directory)',
    },
    {
      name: 'from-seed',
      value: 'FILE',
      help: 'Take the key whose seed stands in this file as 64 hexadecimal characters, as pkdns has it; - is standard input',
    },
    jsonFlag,
  ],
  settings: [],
  async run(invocation, terminal) {
    const seedFile = invocation.value('from-seed');
    const keyPair = seedFile === undefined ? KeyPair.generate() : readSeed(seedFile);
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
      terminal.err(`The secret is in ${file}.\n`);
      terminal.out(`${text}\n`);
    }
    return Exit.OK;
  },
};

/** @throws CommandError, which never shows what was read. */
function readSeed(file: string): KeyPair {
  const text = readStart(file).trim().replace(/^0x/i, '');
  if (/^[0-9a-f]{64}$/i.test(text)) return KeyPair.fromSeed(Buffer.from(text, 'hex'));
  const where = file === '-' ? 'Standard input' : file;
  throw new CommandError(`${where} holds no seed; a seed is 64 hexadecimal characters.`);
}

function readStart(file: string): string {
  const bytes = Buffer.alloc(MAX_SEED_FILE);
  let descriptor: number | undefined;
  try {
    descriptor = file === '-' ? STANDARD_INPUT : openSync(file, 'r');
    let length = 0;
    // A pipe gives what it has: the rest may come later.
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    return bytes.toString('latin1', 0, length);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const reason = code === 'ENOENT' ? 'there is no such file' : message;
    throw new CommandError(`The seed cannot be read from ${file}: ${reason}.`, { cause: error });
  } finally {
    if (descriptor !== undefined && descriptor !== STANDARD_INPUT) closeSync(descriptor);
  }
}
