import type { Name } from '../dns/name.ts';
import { parseTypedName } from '../dns/typed-name.ts';
import { WireError } from '../dns/wire-error.ts';
import { parsePastedKey } from '../pkarr/pasted-key.ts';
import { type PublicKey, PublicKeyError } from '../pkarr/public-key.ts';
import { UsageError } from './command.ts';

/** A Pkarr name on the command line. */
export interface PkarrName {
  readonly key: PublicKey;
  /** The name of the key itself, or one below it. */
  readonly name: Name;
}

/**
 * Parses a key or a name below one, in every spelling that people paste: see `parsePastedKey`.
 * @throws UsageError for anything else.
 */
export function parsePkarrName(text: string): PkarrName {
  const key = keyIn(text);
  const before = text.slice(0, text.toLowerCase().indexOf(key.text));
  // A scheme and a user may precede the labels.
  const labels = before.replace(/^.*[/:@]/s, '').trimStart();
  try {
    return { key, name: parseTypedName(`${labels}${key.text}`) };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new UsageError(`${shownName(text)} is not a domain name (${error.code}).`);
  }
}

/** A name in a message: quoted, and not longer than a line. */
export function shownName(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}

function keyIn(text: string): PublicKey {
  try {
    return parsePastedKey(text);
  } catch (error) {
    if (!(error instanceof PublicKeyError)) throw error;
    const isOrdinary = error.reason === 'no-key' && /^[\w-]+(?:\.[\w-]+)+\.?$/.test(text);
    const hint = isOrdinary ? ` For names without a key use dig: dig ${text}` : '';
    throw new UsageError(`${error.message}${hint}`);
  }
}
