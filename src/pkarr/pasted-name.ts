import type { Name } from '../dns/name.ts';
import { parseTypedName } from '../dns/typed-name.ts';
import { parsePastedKey } from './pasted-key.ts';
import type { PublicKey } from './public-key.ts';

/** A name of a key. */
export interface PastedName {
  readonly key: PublicKey;
  /** The name of the key itself, or one below it. */
  readonly name: Name;
}

/**
 * A key or a name below one, in every spelling that people paste: see `parsePastedKey`.
 * @throws PublicKeyError as `parsePastedKey`, and WireError when what stands before the key are no labels.
 */
export function parsePastedName(text: string): PastedName {
  const key = parsePastedKey(text);
  const before = text.slice(0, text.toLowerCase().indexOf(key.text));
  // A scheme and a user may precede the labels.
  const labels = before.replace(/^.*[/:@]/s, '').trimStart();
  return { key, name: parseTypedName(`${labels}${key.text}`) };
}
