import { isatty } from 'node:tty';
import { KeyPair } from '../../pkarr/key-pair.ts';
import { findSecret } from '../../pkarr/secret/find-secret.ts';
import type { FoundSecret } from '../../pkarr/secret/found-secret.ts';
import { CommandError, type Terminal, UsageError } from '../command.ts';
import { passphraseToOpen } from './ask-passphrase.ts';
import { readSecretFile, STANDARD_INPUT } from './read-secret-file.ts';
import type { WordsReading } from './words.ts';

const ACCEPTED =
  '64 hexadecimal digits, 32 octets, 64 octets with the public key, an Ed25519 key of OpenSSL or OpenSSH, words of BIP 39, ' +
  'and a recovery file of Pubky';

/** How a file is read whose content has several readings. */
export interface ImportOptions {
  /** A path, or `-` for standard input. */
  readonly file: string;
  readonly words: WordsReading | undefined;
  /** 52 characters of z-base-32 are a seed, as the first versions of pkdns had it. */
  readonly isOldPkdns: boolean;
  /** The file with the passphrase of what is encrypted; undefined to ask. */
  readonly passphrase: string | undefined;
}

/** The key in a file, in whatever form people have it. @throws CommandError, which never shows the content of the file */
export async function importKey(options: ImportOptions, terminal: Terminal): Promise<KeyPair> {
  const { file, words, isOldPkdns } = options;
  if (file === '-' && options.passphrase === '-')
    throw new UsageError('keygen: only one of --from and --passphrase can be standard input.');
  if (file === '-' && isatty(STANDARD_INPUT))
    terminal.err('Type or paste the key, then press Enter and Ctrl+D.\n');
  const where = file === '-' ? 'Standard input' : file;
  const found = findSecret(readSecretFile(file, 'key'));
  // Who says how it is to be read knows what it is; anything else is another file than was meant.
  if (words !== undefined && found.kind !== 'words') throw notThat(where, '--words', 'words');
  if (isOldPkdns && found.kind !== 'z-base-32')
    throw notThat(where, '--old-pkdns', '52 characters of z-base-32');
  const opened = await open(found, options, terminal);
  if (opened.kind === 'seed') return KeyPair.fromSeed(opened.seed);
  if (opened.kind === 'refused') throw new CommandError(`${where}: ${opened.why}`);
  // Never what is there, which may be a secret with a slip in it.
  if (opened.kind === 'unknown')
    throw new CommandError(`${where}: There is no key in it. Accepted are ${ACCEPTED}.`);
  throw new Error(`${opened.kind} inside of what was encrypted`);
}

async function open(found: FoundSecret, options: ImportOptions, terminal: Terminal): Promise<FoundSecret> {
  switch (found.kind) {
    case 'encrypted': {
      const { openEncrypted } = await import('./open-encrypted.ts');
      return await openEncrypted(found.text, await passphraseToOpen(options.passphrase, terminal));
    }
    case 'recovery-file': {
      const { openRecoveryFile } = await import('./recovery-file.ts');
      return openRecoveryFile(found.octets, await passphraseToOpen(options.passphrase, terminal));
    }
    case 'words':
      return await openWords(found.words, options.words);
    case 'z-base-32':
      return options.isOldPkdns ? { kind: 'seed', seed: found.octets } : eitherKey(found.octets);
    default:
      return found;
  }
}

async function openWords(words: readonly string[], reading: WordsReading | undefined): Promise<FoundSecret> {
  const { wordsFault, wordsReadings, wordsToSeed } = await import('./words.ts');
  const fault = wordsFault(words);
  if (fault !== undefined) return { kind: 'refused', why: fault };
  if (reading !== undefined) {
    const seed = wordsToSeed(words, reading);
    if (seed !== undefined) return { kind: 'seed', seed };
    return { kind: 'refused', why: `A backup of pkarrd has 24 words, and these are ${words.length}.` };
  }
  const keys = wordsReadings.flatMap((one) => {
    const seed = wordsToSeed(words, one);
    return seed === undefined
      ? []
      : [`  --words ${one}: ${KeyPair.fromSeed(seed).publicKey}, ${meanings[one]}`];
  });
  const head =
    keys.length === 1
      ? `These ${words.length} words may be of another program, so nothing was written. There is one reading here; say so if it is meant:`
      : 'Words have several readings, and nothing was written. Say which one is meant:';
  return { kind: 'refused', why: [head, ...keys].join('\n') };
}

const meanings: Readonly<Record<WordsReading, string>> = {
  entropy: 'where the words are the seed, as "pkarrd backup" prints them',
  pubky: 'where they are a phrase of Pubky',
};

function eitherKey(seed: Uint8Array): FoundSecret {
  const { publicKey } = KeyPair.fromSeed(seed);
  return {
    kind: 'refused',
    why: `These 52 characters are a public key, or the seed of an old pkdns; nothing was written. If they are a seed, its public key is ${publicKey}: say so with --old-pkdns.`,
  };
}

function notThat(where: string, flag: string, what: string): CommandError {
  return new CommandError(`${where}: ${flag} was given, and these are not ${what}.`);
}
