import { Name } from '../../dns/name.ts';
import { nameFault } from '../../dns/name-fault.ts';
import { parseTypedName } from '../../dns/typed-name.ts';
import { WireError } from '../../dns/wire-error.ts';
import { addressOctets } from '../../ip/address.ts';
import { type IpPrefix, parseIpPrefix } from '../../ip/prefix.ts';
import { UpstreamSpecError } from './spec-error.ts';

/** Bits of an address for each label of a reverse name (RFC 1035 §3.5, RFC 3596 §2.5). */
const LABEL_BITS = { 4: 8, 16: 4 } as const;

/**
 * Parses the domains of a route from the words between its slashes: `lan`, `*.lan` (the same), or `192.168.1.0` and `24` for
 * the reverse zones of that network. `route` is quoted in errors.
 * @throws UpstreamSpecError
 */
export function parseRouteDomains(words: readonly string[], route: string): readonly Name[] {
  const domains: Name[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (addressOctets(word) === undefined) {
      domains.push(parseDomain(word, route));
      continue;
    }
    i += 1;
    const prefix = parseIpPrefix(`${word}/${words[i] ?? ''}`);
    if (prefix === undefined) {
      throw refused(route, `"${word}" is an address`, `write the network, as in /${word}/24/192.168.1.1`);
    }
    domains.push(...reverseZones(prefix));
  }
  return domains;
}

function parseDomain(word: string, route: string): Name {
  // The form of dnsmasq for the names below a domain.
  const text = word.replace(/^\*\./, '');
  if (text === '#' || text === '*') {
    throw refused(route, `"${word}" stands for every name`, 'write the upstream without a route');
  }
  if (text.includes('*')) {
    throw refused(
      route,
      `"${word}" has a "*" that is not its first label`,
      'write the domain alone, as in lan',
    );
  }
  try {
    const name = parseTypedName(text);
    if (!name.isRoot) return name;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw refused(
      route,
      `"${word}" is not a domain name, since ${nameFault(error)}`,
      'write it as in /lan/192.168.1.1',
    );
  }
  throw refused(route, 'a domain is empty', 'write it as in /lan/192.168.1.1');
}

/** The zones below `in-addr.arpa` or `ip6.arpa` for the addresses of a network: at most 128. */
function reverseZones({ octets, length }: IpPrefix): readonly Name[] {
  const bits = octets.length === 4 ? LABEL_BITS[4] : LABEL_BITS[16];
  const count = Math.ceil(length / bits);
  const digits = octets.length === 4 ? [...octets] : [...octets].flatMap((octet) => [octet >> 4, octet & 15]);
  const kept = digits.slice(0, count);
  const suffix = octets.length === 4 ? 'in-addr.arpa' : 'ip6.arpa';
  const radix = octets.length === 4 ? 10 : 16;
  // Free bits of the last label: each of their values is a zone.
  const open = count * bits - length;
  return Array.from({ length: 2 ** open }, (_, value) => {
    const labels = kept.map((digit, i) => (i === count - 1 ? digit | value : digit).toString(radix));
    return Name.parse([...labels.reverse(), suffix].join('.'));
  });
}

function refused(route: string, why: string, advice: string): UpstreamSpecError {
  return new UpstreamSpecError(`"${route}" is not a valid route: ${why}; ${advice}`);
}
