/** One element of DER (X.690): its tag, its content, and where the next one begins. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  /** The offset behind it. */
  readonly end: number;
}

/** The tags that keys have (X.680 §8.4). */
export const DerTag = {
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  OBJECT_IDENTIFIER: 0x06,
  SEQUENCE: 0x30,
  /** `[1] IMPLICIT`, of a primitive type. */
  CONTEXT_1: 0x81,
} as const;

/** Octets that a length has at most: more would be no key. */
const MAX_LENGTH_OCTETS = 3;

/** The element at `at`; undefined where there is none, or one that is longer than the octets. */
export function readDer(octets: Uint8Array, at = 0): DerElement | undefined {
  const tag = octets[at];
  const first = octets[at + 1];
  if (tag === undefined || first === undefined) return undefined;
  // X.690 §8.1.3.5: in the long form the low bits say how many octets the length has.
  const lengthOctets = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthOctets > MAX_LENGTH_OCTETS) return undefined;
  let length = first;
  if (lengthOctets > 0) {
    length = 0;
    for (const octet of octets.subarray(at + 2, at + 2 + lengthOctets)) length = length * 256 + octet;
  }
  const start = at + 2 + lengthOctets;
  if (start + length > octets.length) return undefined;
  return { tag, content: octets.subarray(start, start + length), end: start + length };
}

/** The elements of a SEQUENCE that is all of `octets`; undefined for anything else. */
export function readSequence(octets: Uint8Array): readonly DerElement[] | undefined {
  const whole = readDer(octets);
  if (whole?.tag !== DerTag.SEQUENCE || whole.end !== octets.length) return undefined;
  return elementsOf(whole.content);
}

/** The elements that stand one behind the other; undefined if the last one does not end where the octets do. */
export function elementsOf(content: Uint8Array): readonly DerElement[] | undefined {
  const elements: DerElement[] = [];
  for (let at = 0; at < content.length; ) {
    const element = readDer(content, at);
    if (element === undefined) return undefined;
    elements.push(element);
    at = element.end;
  }
  return elements;
}
