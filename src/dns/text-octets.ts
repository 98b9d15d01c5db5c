/**
 * Octets as text between quotation marks (RFC 1035 §5.1): `"` and `\` after a backslash, what is not printable ASCII
 * as `\DDD`.
 */
export function quoteOctets(octets: Uint8Array): string {
  return `"${escapeOctets(octets)}"`;
}

/** Octets as a word: without quotation marks where no character needs them. */
export function wordFromOctets(octets: Uint8Array): string {
  const text = escapeOctets(octets);
  return /^[\w.,:+/=~{}?&%-]+$/.test(text) ? text : `"${text}"`;
}

function escapeOctets(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) {
    if (octet === 0x22 || octet === 0x5c) text += `\\${String.fromCharCode(octet)}`;
    else if (octet >= 0x20 && octet < 0x7f) text += String.fromCharCode(octet);
    else text += `\\${String(octet).padStart(3, '0')}`;
  }
  return text;
}
