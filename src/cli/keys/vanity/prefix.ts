import { KEY_TEXT_LENGTH } from '../../../pkarr/public-key.ts';
import { fromZBase32 } from '../../../pkarr/z-base32.ts';
import { UsageError } from '../../command.ts';

/** Characters of a prefix, at most. Twelve are never found; who wants to see how long it would take is told. */
const MAX_PREFIX = 12;

/** The 32 characters of z-base-32, each as likely as the others in every place of a key but the last two. */
const ALPHABET = 'ybndrfg8ejkmcpqxot1uwisza345h769';

/** The characters that z-base-32 leaves out, and what looks most like them there. */
const lookAlikes: Readonly<Record<string, string>> = { '0': 'o', '2': 'z', l: '1', v: 'u' };

/** A prefix in lower case. @throws UsageError for one that no key can have, or that is too long */
export function readPrefix(text: string): string {
  const prefix = text.toLowerCase();
  const stranger = [...prefix].find((character) => !ALPHABET.includes(character));
  if (stranger !== undefined) {
    const similar = lookAlikes[stranger];
    const instead = similar === undefined ? '' : ` Perhaps "${prefix.replaceAll(stranger, similar)}"?`;
    throw new UsageError(
      `--prefix: no key has the character ${JSON.stringify(stranger)}; keys are written with ${ALPHABET}.${instead}`,
    );
  }
  if (prefix.length > MAX_PREFIX)
    throw new UsageError(
      `--prefix: ${prefix.length} characters are more than can be found; at most ${MAX_PREFIX} are tried.`,
    );
  return prefix;
}

/** How many keys there are for one with the prefix. */
export function keysForOne(prefix: string): number {
  return 2 ** (5 * prefix.length);
}

/** Whether the octets of a key begin as a prefix says, without making them text. */
export function prefixMatcher(prefix: string): (key: Uint8Array) => boolean {
  const bits = 5 * prefix.length;
  const wanted = fromZBase32(prefix.padEnd(KEY_TEXT_LENGTH, 'y'));
  const whole = bits >>> 3;
  const shift = 8 - (bits & 7);
  return (key) => {
    for (let at = 0; at < whole; at++) if (key[at] !== wanted[at]) return false;
    return (key[whole] ?? 0) >>> shift === (wanted[whole] ?? 0) >>> shift;
  };
}
