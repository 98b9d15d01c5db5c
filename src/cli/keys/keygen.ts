import { KeyPair } from '../../pkarr/key-pair.ts';
import { encryptedKeyFile, KeyFileError, replaceKeyFile, writeKeyFile } from '../../publish/key-file.ts';
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
      help: 'Search on all processors for a key that begins with this text: 3 characters take seconds, 6 a day',
    },
    jsonFlag,
  ],
  settings: [],
  async run(invocation, terminal) {
    const keyPair = await makeKey(invocation, terminal);
    const { text } = keyPair.publicKey;
    const file = invocation.value('out') ?? `${text}.key`;
    const passphraseFile = invocation.value('new-passphrase');
    const isEncrypted = invocation.has('encrypt') || passphraseFile !== undefined;
    const content = isEncrypted
      ? await encryptedKeyFile(keyPair, await newPassphrase(passphraseFile, terminal))
      : keyPair;
    try {
      if (invocation.has('force')) await replaceKeyFile(file, content);
      else writeKeyFile(file, content);
    } catch (error) {
      if (error instanceof KeyFileError) throw new CommandError(error.message, { cause: error });
      throw error;
    }
    if (invocation.has('json')) {
      writeJson(terminal, { key: text, keyFile: file });
    } else {
      terminal.err(`The secret key was written to ${file}.\n`);
      terminal.out(`${text}\n`);
    }
    return Exit.OK;
  },
};

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
