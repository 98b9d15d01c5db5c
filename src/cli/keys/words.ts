import { entropyToMnemonic, mnemonicToEntropy, mnemonicToSeedSync } from '@scure/bip39';
import { wordlist } from '@scure/bip39/wordlists/english.js';
import { SEED_LENGTH } from '../../pkarr/secret/found-secret.ts';

/*
 * Keys as words of the English list of BIP 39. The standard says how words become a seed of 64 octets for wallets of coins, and
 * nothing about Ed25519, so the same words are different keys to different programs.
 */

/** How words are read. `entropy`: the 256 bits that they spell are the seed. `pubky`: as Pubky Ring does. */
export type WordsReading = 'entropy' | 'pubky';

/** All readings, in the order of help. */
export const wordsReadings: readonly WordsReading[] = ['entropy', 'pubky'];

/** The 24 words whose 256 bits are this seed: our paper backup, which `entropy` reads. */
export function seedToWords(seed: Uint8Array): readonly string[] {
  return entropyToMnemonic(seed, wordlist).split(' ');
}

/** What is wrong with words, as a sentence that has none of them; undefined if they are a mnemonic. */
export function wordsFault(words: readonly string[]): string | undefined {
  const stranger = words.findIndex((word) => !wordlist.includes(word));
  if (stranger !== -1) return `Word ${stranger + 1} is not in the English list of BIP 39.`;
  try {
    mnemonicToEntropy(words.join(' '), wordlist);
    return undefined;
  } catch {
    // The package has no error class; for words of the list, in a number that the standard has, it can be the checksum alone.
    return 'The checksum of the words is not right: one of them is another one, or the order is.';
  }
}

/**
 * The seed of valid words; undefined where this reading has none: fewer than 24 words spell fewer than 256 bits.
 *
 * `pubky` is the first half of the seed of BIP 39 with an empty passphrase, without the derivation of BIP 32 or SLIP 10, as in
 * `mnemonic_to_secret_key` of pubky-core-ffi.
 */
export function wordsToSeed(words: readonly string[], reading: WordsReading): Uint8Array | undefined {
  const mnemonic = words.join(' ');
  if (reading === 'pubky') return mnemonicToSeedSync(mnemonic).slice(0, SEED_LENGTH);
  const entropy = mnemonicToEntropy(mnemonic, wordlist);
  return entropy.length === SEED_LENGTH ? entropy : undefined;
}
