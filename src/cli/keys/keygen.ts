import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { KeyPair } from '../../pkarr/key-pair.ts';
import {
  checkKeyTarget,
  encryptedKeyFile,
  KeyFileError,
  replaceKeyFile,
  writeKeyFile,
} from '../../publish/key-file.ts';
import {
  type Command,
  CommandError,
  Exit,
  type Invocation,
  jsonFlag,
  type Terminal,
  UsageError,
  writeJson,
} from '../command.ts';
import { newPassphrase } from './ask-passphrase.ts';
import { importKey } from './import-key.ts';
import { passphraseFlag } from './open-key-file.ts';

/** Generates or imports a key pair and writes the secret to a file. */
export const keygen: Command = {
  name: 'keygen',
  description: [
    'Generates a key pair, writes the secret to a file that only you can read, and prints the public key on standard ' +
      'output. The public key is the name under which your records are found.',
    'With --from it imports a key that you have, and recognises its form: 64 hexadecimal digits, as pkarrd and pkdns use ' +
      'them, 32 octets, 64 octets or 128 digits with the public key in the second half, an Ed25519 key of OpenSSL (PEM or ' +
      'DER, also with a passphrase) or of OpenSSH (without one), a JWK, words of BIP 39, a recovery file of Pubky, and what ' +
      'the page of pkarrd saved.',
    'The same words are different keys to different programs: without --words it shows the public key of each reading, and ' +
      'writes nothing.',
    'The secret is never printed. Anybody who has the file can publish under this key, and without it nobody can: keep a ' +
      'backup. "pkarrd backup" prints one for paper.',
  ],
  operands: [],
  flags: [
    {
      name: 'out',
      value: 'FILE',
      help: 'Write the secret to this file, which must not exist (default: PUBLICKEY.key in the current directory)',
    },
    { name: 'force', help: 'Replace that file if it exists. The secret in it is lost' },
    {
      name: 'encrypt',
      help: 'Encrypt the secret with a passphrase, which is asked for; OpenSSL reads the file too',
    },
    {
      name: 'new-passphrase',
      value: 'FILE',
      help: 'Encrypt it with the first line of this file; - means standard input',
    },
    { name: 'from', value: 'FILE', help: 'Import the key in this file; - means standard input' },
    { name: 'from-seed', value: 'FILE', help: 'The same as --from' },
    {
      name: 'words',
      value: 'entropy|pubky',
      help: 'Read 24 words as the seed itself (entropy), or 12 to 24 as a phrase of Pubky (pubky)',
    },
    {
      name: 'old-pkdns',
      help: 'Read 52 characters of z-base-32 as a seed, as the first versions of pkdns wrote it, and not as a public key',
    },
    passphraseFlag,
    {
      name: 'prefix',
      value: 'TEXT',
      help: 'Search on all processors for a key that begins with this text. Each character takes 32 times as long: 3 take seconds, 4 minutes, 6 days',
    },
    jsonFlag,
  ],
  settings: [],
  async run(invocation, terminal) {
    const out = invocation.value('out');
    if (out === '-')
      throw new UsageError('keygen: the secret is never printed. Write ./- for a file of that name.');
    const passphraseFile = invocation.value('new-passphrase');
    const isEncrypted = invocation.has('encrypt') || passphraseFile !== undefined;
    // A search may take days, so what can be wrong with its end is found before it.
    const isSearch = invocation.has('prefix') && !isImport(invocation);
    if (isSearch) checkTarget(out, invocation);
    const early = isSearch && isEncrypted ? await newPassphrase(passphraseFile, terminal) : undefined;
    const keyPair = await makeKey(invocation, terminal);
    const { text } = keyPair.publicKey;
    const file = out ?? `${text}.key`;
    const content = isEncrypted
      ? await encryptedKeyFile(keyPair, early ?? (await newPassphrase(passphraseFile, terminal)))
      : keyPair;
    const write = async () =>
      invocation.has('force') ? await replaceKeyFile(file, content) : writeKeyFile(file, content);
    try {
      await write();
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      const kept = isSearch ? await keepFound(error, { write, name: `${text}.key`, content, terminal }) : '';
      if (kept !== undefined) throw new CommandError(`${error.message}${kept}`, { cause: error });
    }
    if (isImport(invocation) && !isEncrypted)
      terminal.err('The file has no passphrase; --encrypt asks for one.\n');
    if (invocation.has('json')) {
      writeJson(terminal, { key: text, keyFile: file });
    } else {
      terminal.err(`The secret key was written to ${file}.\n`);
      terminal.out(`${text}\n`);
    }
    return Exit.OK;
  },
};

function isImport(invocation: Invocation): boolean {
  return invocation.has('from') || invocation.has('from-seed');
}

/** @throws CommandError */
function checkTarget(out: string | undefined, invocation: Invocation): void {
  try {
    // The name of a file that has the name of the key is not known yet, and nothing has it.
    checkKeyTarget(out ?? 'PUBLICKEY.key', invocation.has('force'));
  } catch (error) {
    if (error instanceof KeyFileError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
}

/** A key that took long to find, and how it is written where it was meant to be. */
interface FoundKey {
  readonly write: () => Promise<void>;
  /** Of its file elsewhere. */
  readonly name: string;
  readonly content: KeyPair | string;
  readonly terminal: Terminal;
}

/**
 * Keeps a key that took long to find and cannot be written where it was meant to be. Where there is no other place, it waits for one
 * until a signal ends it: a secret that is shown on a terminal stays in its memory and in logs.
 * @returns what is to be told of another place; undefined when it is where it was meant to be
 */
async function keepFound(
  { message }: KeyFileError,
  { write, name, content, terminal }: FoundKey,
): Promise<string | undefined> {
  for (let isTold = false; ; isTold = true) {
    const path = writeElsewhere(name, content);
    if (path !== undefined) return `\nThe key that was found was written to ${path} instead.`;
    if (!isTold)
      terminal.err(
        `${message}\nNor can the key that was found be written to ${otherDirectories().join(', ')}. It is in memory alone, and is ` +
          'tried again every second: make room in one of them. Ctrl+C gives it up.\n',
      );
    await sleep(1_000);
    try {
      await write();
      return undefined;
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
    }
  }
}

function otherDirectories(): readonly string[] {
  return [...new Set([process.cwd(), homedir(), tmpdir()])];
}

/** Writes a key to a file with this name in another directory. @returns the path; undefined when that is nowhere */
function writeElsewhere(name: string, content: KeyPair | string): string | undefined {
  for (const directory of otherDirectories()) {
    const path = join(directory, name);
    try {
      writeKeyFile(path, content);
      return path;
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
    }
  }
  return undefined;
}

async function makeKey(invocation: Invocation, terminal: Terminal): Promise<KeyPair> {
  const file = invocation.value('from') ?? invocation.value('from-seed');
  const words = invocation.value('words');
  if (words !== undefined && words !== 'entropy' && words !== 'pubky')
    throw new UsageError(`--words: expected entropy or pubky, got ${JSON.stringify(words)}.`);
  const prefix = invocation.value('prefix');
  if (file !== undefined && prefix !== undefined)
    throw new UsageError('keygen: --prefix makes a new key, and --from imports one. Give one of the two.');
  if (file !== undefined) {
    const isOldPkdns = invocation.has('old-pkdns');
    const passphrase = invocation.value('passphrase');
    return await importKey({ file, words, isOldPkdns, passphrase }, terminal);
  }
  const needless = ['words', 'old-pkdns', 'passphrase'].find((flag) => invocation.has(flag));
  if (needless !== undefined)
    throw new UsageError(`--${needless} says how a key is read, and needs --from FILE.`);
  if (prefix === undefined) return KeyPair.generate();
  const { findKey } = await import('./vanity/find-key.ts');
  return await findKey(prefix, terminal);
}
