import { domainToASCII } from 'node:url';
import { hexOf } from '../octets/text.ts';
import { Name } from './name.ts';
import { WireError } from './wire-error.ts';

/**
 * A name as people type it: presentation form, or with letters of any script (`münchen.de`), of which DNS knows the form
 * `xn--mnchen-3ya.de` (IDNA, RFC 5890 §2.3.2.1; mapped as browsers do, UTS #46).
 * @throws WireError as `Name.parse`, and `bad-value` for what IDNA does not allow.
 */
export function parseTypedName(text: string): Name {
  return Name.parse(isAscii(text) ? text : toAscii(text));
}

/** The same; undefined for text that is not a name. */
export function tryParseTypedName(text: string): Name | undefined {
  try {
    return parseTypedName(text);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** The name at which the PTR record of an address of 4 or 16 octets stands: RFC 1035 §3.5 and RFC 3596 §2.5. */
export function reverseName(octets: Uint8Array): Name {
  const labels = octets.length === 4 ? Array.from(octets, String) : [...hexOf(octets)];
  return Name.fromLabels([...labels.reverse(), octets.length === 4 ? 'in-addr' : 'ip6', 'arpa']);
}

function toAscii(text: string): string {
  // domainToASCII reads hosts of URLs, in which escapes, paths and ports mean something.
  const isHost = !/[\0-\x7f]/.test(text.replace(/[\w.*-]/g, ''));
  const ascii = isHost ? domainToASCII(text) : '';
  if (ascii === '') throw new WireError('bad-value', 'name');
  return ascii;
}

function isAscii(text: string): boolean {
  return !/[^\0-\x7f]/.test(text);
}
