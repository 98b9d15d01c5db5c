/**
 * Reverse zones of addresses that have a meaning only inside one network, or nowhere. RFC 6303 wants every resolver to
 * serve them as empty zones unless its operator configures otherwise. Sources: RFC 6303 §4, RFC 7793 and RFC 9637.
 * Names in presentation form, lower case, without the final dot.
 */
export const privateReverseZones: readonly string[] = [
  // RFC 6303 §4.1: RFC 1918 private use.
  '10.in-addr.arpa',
  ...range(16, 31).map((octet) => `${octet}.172.in-addr.arpa`),
  '168.192.in-addr.arpa',
  // §4.2: this network, link local, documentation (TEST-NET-1 to 3), broadcast. 127 is in `loopbackReverseZones`.
  '0.in-addr.arpa',
  '254.169.in-addr.arpa',
  '2.0.192.in-addr.arpa',
  '100.51.198.in-addr.arpa',
  '113.0.203.in-addr.arpa',
  '255.255.255.255.in-addr.arpa',
  // RFC 7793 §4: shared address space, 100.64.0.0/10.
  ...range(64, 127).map((octet) => `${octet}.100.in-addr.arpa`),
  // RFC 6303 §4.3: the unspecified address.
  reverseOf('0'.repeat(32)),
  // §4.4: unique local addresses with a random identifier, fd00::/8.
  reverseOf('fd'),
  // §4.5: link local, fe80::/10.
  ...['fe8', 'fe9', 'fea', 'feb'].map(reverseOf),
  // §4.6: documentation, 2001:db8::/32; and RFC 9637, 3fff::/20.
  reverseOf('20010db8'),
  reverseOf('3fff0'),
];

/** A reverse zone of loopback addresses, and the one name in it whose PTR is `localhost`. */
export interface LoopbackReverseZone {
  readonly zone: string;
  readonly localhost: string;
}

/** RFC 6303 §4.2 and §4.3: 127.0.0.0/8 and ::1. */
export const loopbackReverseZones: readonly LoopbackReverseZone[] = [
  { zone: '127.in-addr.arpa', localhost: '1.0.0.127.in-addr.arpa' },
  { zone: reverseOf(`${'0'.repeat(31)}1`), localhost: reverseOf(`${'0'.repeat(31)}1`) },
];

/** RFC 3596 §2.5: the hexadecimal digits of an IPv6 prefix from the last to the first. */
function reverseOf(digits: string): string {
  return `${[...digits].reverse().join('.')}.ip6.arpa`;
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
