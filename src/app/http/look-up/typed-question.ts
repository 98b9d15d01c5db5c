import { isMetaType, Type, typeFromText } from '../../../dns/codes.ts';
import type { Name } from '../../../dns/name.ts';
import { nameFault } from '../../../dns/name-fault.ts';
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
  // Whole, since only part of an IPv6 address would be left without its colons.
  if (addressIn(text) !== undefined) return ofHost(text, text, type);
  const ofKey = keyName(text);
  if (ofKey !== undefined) return { ...ofKey, type: readType(type, Type.A) };
  return ofHost(hostIn(text), text, type);
}

/** A last label that is nearly a key. Of the domains at the top, the longest has 24 characters. */
const CUT_KEY = /(?:^|\.)([ybndrfg8ejkmcpqxot1uwisza345h769]{45,51})\.?$/i;

/** The host itself, or the name of its address. `text`: what was typed. */
function ofHost(host: string, text: string, type: string): TypedQuestion {
  const octets = addressIn(host);
  if (octets !== undefined) {
    const wanted = readType(type, Type.PTR);
    // The name of an address has no address itself: the form had these types from the question before.
    const isOfHost = wanted === Type.A || wanted === Type.AAAA;
    return { name: reverseName(octets), type: isOfHost ? Type.PTR : wanted };
  }
  const cut = CUT_KEY.exec(host)?.[1];
  if (cut !== undefined)
    throw new TypedQuestionError(
      `${shown(text)} looks like a key that was cut: a key has 52 characters, and this has ${cut.length}.`,
    );
  // No name ends in a number (https://url.spec.whatwg.org/#ends-in-a-number-checker): this is for nobody but this machine.
  if (/(?:^|\.)(?:\d+|0x[\da-f]*)\.?$/i.test(host))
    throw new TypedQuestionError(`${shown(text)} is neither a domain name nor a whole IP address.`);
  try {
    return { name: parseTypedName(host), type: readType(type, Type.A) };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new TypedQuestionError(`${shown(text)} is not a domain name: ${nameFault(error)}.`);
  }
}

/** The octets of `192.0.2.7`, `2001:db8::1` or `[2001:db8::1]`, with or without a final dot. */
function addressIn(host: string): Uint8Array | undefined {
  return addressOctets(host.replace(/\.$/, '').replace(/^\[(.*)\]$/, '$1'));
}

/** Undefined for a text without a key in it. */
function keyName(text: string): Pick<Required<TypedQuestion>, 'name' | 'key'> | undefined {
  try {
    return parsePastedName(text);
  } catch (error) {
    if (error instanceof WireError)
      throw new TypedQuestionError(`${shown(text)} is not a domain name: ${nameFault(error)}.`);
    if (!(error instanceof PublicKeyError)) throw error;
    if (error.reason !== 'no-key') throw new TypedQuestionError(error.message);
    return undefined;
  }
}

/**
 * `name.example` of `https://user@name.example:8443/path`, `name.example/path` or `mailto:user@name.example`. A text without any
 * sign of such an address is the name itself, in which `\\` makes whatever follows a character of a label.
 */
function hostIn(text: string): string {
  if (!/[\s/:?#@[\]<>"]/.test(text)) return text;
  const bare = text.replace(/^(?:mailto|sips?|xmpp|acct):/i, '');
  const url = bare.includes('://') ? bare : `http://${bare}`;
  const host = /\s/.test(text) || !URL.canParse(url) ? '' : new URL(url).hostname;
  if (host === '')
    throw new TypedQuestionError(`${shown(text)} is not a domain name, nor the address of one.`);
  return host;
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
