import { hexOf, octetsFromHex } from '../../octets/text.ts';

/** Octets that are written as groups of hexadecimal digits. */
export interface HexGroups {
  /** Octets of the field. */
  readonly size: number;
  /** A valid text, for messages. */
  readonly example: string;
  toText(octets: Uint8Array): string;
  /** Undefined for text of another form. Leading zeros of a group may be left out where it has four digits (RFC 6742 §2.1.2). */
  fromText(text: string): Uint8Array | undefined;
}

/** The form of `groups` groups of `digits` digits, 2 or 4, with `separator` between. */
export function hexGroups(form: {
  readonly groups: number;
  readonly digits: 2 | 4;
  readonly separator: string;
  readonly example: string;
}): HexGroups {
  const { groups, digits, separator, example } = form;
  const group = digits === 2 ? /^[0-9a-f]{2}$/i : /^[0-9a-f]{1,4}$/i;
  const size = (groups * digits) / 2;
  return {
    size,
    example,
    toText: (octets) => {
      const hex = hexOf(octets);
      return Array.from({ length: groups }, (_, i) => hex.slice(i * digits, (i + 1) * digits)).join(
        separator,
      );
    },
    fromText: (text) => {
      const parts = text.split(separator);
      if (parts.length !== groups || !parts.every((part) => group.test(part))) return undefined;
      return octetsFromHex(parts.map((part) => part.padStart(digits, '0')).join(''));
    },
  };
}
