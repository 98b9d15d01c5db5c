import { ipv4FromText, ipv4ToText, ipv6FromText, ipv6ToText } from '../../ip/text.ts';

/** How a fixed number of octets is written as one word. */
export interface FixedText {
  /** How many octets. */
  readonly size: number;
  /** What the word is, for messages: `an IPv4 address such as 192.0.2.1`. */
  readonly expected: string;
  toText(octets: Uint8Array): string;
  /** The octets; undefined for another text. */
  fromText(text: string): Uint8Array | undefined;
}

/** A dotted quad. */
export const ipv4: FixedText = {
  size: 4,
  expected: 'an IPv4 address such as 192.0.2.1',
  toText: ipv4ToText,
  fromText: ipv4FromText,
};

/** RFC 4291 §2.2, written as RFC 5952 wants it. */
export const ipv6: FixedText = {
  size: 16,
  expected: 'an IPv6 address such as 2001:db8::1',
  toText: ipv6ToText,
  fromText: ipv6FromText,
};

/** The addresses whose family is a number on the wire, by that number: in APL (RFC 3123 §4) and of gateways (RFC 4025 §2.3). */
export const addressFamilies: Readonly<Record<number, FixedText>> = { 1: ipv4, 2: ipv6 };
