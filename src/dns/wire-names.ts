/*
 * Compares names in place in a message, following pointers and ignoring case (RFC 4343 §3), without decoding them. Offsets are
 * those of names that `readLayout` has walked, so every name ends and no pointer loops.
 */

/** Whether the names at two offsets are the same. */
export function isSameName(bytes: Uint8Array, one: number, other: number): boolean {
  let a = labelAt(bytes, one);
  let b = labelAt(bytes, other);
  while (a !== b) {
    const length = bytes[a] as number;
    if (length !== bytes[b]) return false;
    if (length === 0) return true;
    for (let i = 1; i <= length; i++) {
      if (lowerOctet(bytes[a + i] as number) !== lowerOctet(bytes[b + i] as number)) return false;
    }
    a = labelAt(bytes, a + length + 1);
    b = labelAt(bytes, b + length + 1);
  }
  return true;
}

/** Whether the name at one offset stands below the name at another. */
export function isBelowName(bytes: Uint8Array, name: number, ancestor: number): boolean {
  const extra = countLabels(bytes, name) - countLabels(bytes, ancestor);
  if (extra <= 0) return false;
  let at = labelAt(bytes, name);
  for (let i = 0; i < extra; i++) at = labelAt(bytes, at + (bytes[at] as number) + 1);
  return isSameName(bytes, at, ancestor);
}

function countLabels(bytes: Uint8Array, name: number): number {
  let count = 0;
  for (let at = labelAt(bytes, name); bytes[at] !== 0; at = labelAt(bytes, at + (bytes[at] as number) + 1))
    count++;
  return count;
}

/** The offset of the label that a name at `at` goes on with (RFC 1035 §4.1.4). */
function labelAt(bytes: Uint8Array, at: number): number {
  let label = at;
  while ((bytes[label] as number) >= 0xc0) {
    label = (((bytes[label] as number) & 0x3f) << 8) | (bytes[label + 1] as number);
  }
  return label;
}

/** The octet with A to Z in lower case. Length octets are under 64 and so never a letter. */
export function lowerOctet(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;
}
