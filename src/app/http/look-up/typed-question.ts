import { isMetaType, Type, typeFromText } from '../../../dns/codes.ts';
import type { Name } from '../../../dns/name.ts';
import { parseTypedName, reverseName } from '../../../dns/typed-name.ts';
import { WireError } from '../../../dns/wire-error.ts';
import { addressOctets } from '../../../ip/address.ts';
import { parsePastedName } from '../../../pkarr/pasted-name.ts';
import { type PublicKey, PublicKeyError } from '../../../pkarr/public-key.ts';

/** What somebody wants to know. */
export interface TypedQuestion {
  readonly name: Name;
  readonly type: number;
  /** The key that the name ends in. */
  readonly key?: PublicKey;
}

/** What was typed is no question: why, as a sentence. */
export class TypedQuestionError extends Error {
  override readonly name = 'TypedQuestionError';
}

/** Longer texts are no names: a host has 253 characters at most, and an address bar may have some path behind it. */
const MAX_LENGTH = 4096;

/**
 * Reads what people type or paste: a key or a name below one in any spelling, any other name in letters of any script, an
 * address of the web, of which the host counts, or an IP address, of which the name is asked for.
 * @throws TypedQuestionError
 */
export function readTypedQuestion(typed: string, type: string): TypedQuestion {
  const text = typed.trim();
  if (text === '') throw new TypedQuestionError('Type a key or a name.');
  if (text.length > MAX_LENGTH) throw new TypedQuestionError(`${shown(text)} is too long for a name.`);
  const octets = addressOctets(text.replace(/^\[(.*)\]$/, '$1'));
  if (octets !== undefined) return { name: reverseName(octets), type: readType(type, Type.PTR) };
  return { ...(keyName(text) ?? { name: ordinaryName(text) }), type: readType(type, Type.A) };
}

/** Undefined for a text without a key in it. */
function keyName(text: string): Pick<Required<TypedQuestion>, 'name' | 'key'> | undefined {
  try {
    return parsePastedName(text);
  } catch (error) {
    if (error instanceof WireError) throw new TypedQuestionError(`${shown(text)} is not a domain name.`);
    if (!(error instanceof PublicKeyError)) throw error;
    if (error.reason !== 'no-key') throw new TypedQuestionError(error.message);
    return undefined;
  }
}

function ordinaryName(text: string): Name {
  // `example.com/path`, `https://user@example.com:8443/`, but not `_sip._udp.example.com`, which is a name as it is.
  const url = text.includes('://') ? text : `http://${text}`;
  const isAddress = /[/:?#@]/.test(text) && URL.canParse(url);
  try {
    return parseTypedName(isAddress ? new URL(url).hostname : text);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new TypedQuestionError(`${shown(text)} is not a domain name.`);
  }
}

function readType(text: string, usual: number): number {
  if (text.trim() === '') return usual;
  const type = typeFromText(text.trim());
  if (type === undefined || (isMetaType(type) && type !== Type.ANY))
    throw new TypedQuestionError(`${shown(text)} is not a record type that can be asked for.`);
  return type;
}

function shown(text: string): string {
  return `“${text.length > 60 ? `${text.slice(0, 60)}…` : text}”`;
}
