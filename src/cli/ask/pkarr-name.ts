import { Name } from '../../dns/name.ts';
import { WireError } from '../../dns/wire-error.ts';
import { parsePastedKey } from '../../pkarr/pasted-key.ts';
import { type PublicKey, PublicKeyError } from '../../pkarr/public-key.ts';
import { UsageError } from '../command.ts';

/** A name that somebody wrote: a key, and what is below it. */
export interface PkarrName {
  readonly key: PublicKey;
  /** The key's own name, or one below. */
  readonly name: Name;
}

/**
 * Reads a key or a name below one, in every spelling that people paste: see `parsePastedKey`.
 * @throws UsageError for anything else.
 */
export function parsePkarrName(text: string): PkarrName {
  const key = keyIn(text);
  const before = text.slice(0, text.toLowerCase().indexOf(key.text));
  // Scheme and user stand before the labels.
  const labels = before.replace(/^.*[/:@]/s, '').trimStart();
  try {
    return { key, name: Name.parse(`${labels}${key.text}`) };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new UsageError(`${JSON.stringify(text)} is no domain name (${error.code}).`);
  }
}

function keyIn(text: string): PublicKey {
  try {
    return parsePastedKey(text);
  } catch (error) {
    if (!(error instanceof PublicKeyError)) throw error;
    const isOrdinary = error.reason === 'no-key' && /^[\w-]+(?:\.[\w-]+)+\.?$/.test(text);
    const hint = isOrdinary ? ` For names without a key use a tool such as dig: dig ${text}` : '';
    throw new UsageError(`${error.message}${hint}`);
  }
}
