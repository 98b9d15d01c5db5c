import { lowerCase, Name } from '../../dns/name.ts';
import { loopbackReverseZones, privateReverseZones } from './private-zones.ts';

/**
 * A name that does not belong to the public DNS. A closed list; the layer that answers is `specialUse`.
 *
 * - `localhost`: this machine.
 * - `no-such-name`: nothing exists at or below the zone.
 * - `private-zone`: an empty zone (RFC 6303 §3), unless a route is configured for it.
 * - `loopback-reverse`: an empty zone with one PTR record for `localhost`.
 * - `no-data`: every name exists and has no records.
 */
export type SpecialName =
  | { readonly kind: 'localhost' | 'no-data'; readonly zone: Name }
  | {
      readonly kind: 'no-such-name' | 'private-zone';
      readonly zone: Name;
      /** A route for the name takes precedence. */
      readonly mayBeRouted: boolean;
      /** The text of the extended error: a sentence. */
      readonly text: string;
      /** The same where an alias led to the name, if that makes a difference. */
      readonly aliasText?: string;
      /** Seconds that clients may keep the answer, where that is less than usual. */
      readonly ttl?: number;
    }
  | { readonly kind: 'loopback-reverse'; readonly zone: Name; readonly localhost: Name };

/**
 * The special-use rule for `name`; undefined for an ordinary name. Pure. An ordinary name costs one map lookup for its
 * last label, two below `net`, and a few below `arpa`.
 */
export function classifySpecial(name: Name): SpecialName | undefined {
  let node = root;
  for (let i = name.labels.length - 1; i >= 0; i--) {
    const child = node.children.get(lowerCase(name.labels[i] as string));
    if (child === undefined) return undefined;
    if (child.special !== undefined) return child.special;
    node = child;
  }
  return undefined;
}

/**
 * False when there is surely no rule for a name. It is in lower-case wire form, one octet in each character, at the beginning of
 * `key`; its last label begins at `last`, the one before at `before` (-1 for none), and it ends with the root at `end`.
 */
export function mayBeSpecial(key: string, before: number, last: number, end: number): boolean {
  const top = root.children.get(key.slice(last + 1, end));
  if (top === undefined) return false;
  return top.special !== undefined || before < 0 || top.children.has(key.slice(before + 1, last));
}

/** The rules as a tree of labels, last label first. No zone in the table lies inside another. */
interface RuleNode {
  special: SpecialName | undefined;
  readonly children: Map<string, RuleNode>;
}

const root: RuleNode = { special: undefined, children: new Map() };

// RFC 6761 §6.3: "The domain "localhost." and any names falling within ".localhost." are special".
add({ kind: 'localhost', zone: Name.parse('localhost') });

// RFC 6761 §6.4: queries for "invalid" names get NXDOMAIN immediately; they never exist.
noSuchName('invalid', false, 'The name invalid is reserved and never exists (RFC 6761).');

// RFC 7686 §2: caching servers that do not support Tor must not look up .onion names and answer NXDOMAIN. A route does
// not change that: the lookup would reveal which onion service somebody visits.
noSuchName('onion', false, 'Onion services are reached through Tor, not through DNS (RFC 7686).');

// RFC 9476 §2: names below alt are for other naming systems. A gateway to one of them may speak DNS on this machine.
noSuchName('alt', true, 'Names below alt belong to other naming systems than DNS (RFC 9476).');

// RFC 6761 §6.2: NXDOMAIN by default, and "Caching DNS servers SHOULD offer a configuration option (disabled by
// default) to enable upstream resolving of test names": a route.
noSuchName(
  'test',
  true,
  'Names below test are reserved for testing (RFC 6761), and no route is configured for this one.',
);

// RFC 6762 §22.1, item 4: not to be looked up by unicast. Some networks serve such a zone anyway.
noSuchName(
  'local',
  true,
  'Names below local belong to multicast DNS (RFC 6762), and no route is configured for this one.',
);

// Reserved for private use by ICANN (resolution of 29 July 2024); the root proves that it does not exist.
// A petname may be added at any moment, and clients should see it soon.
noSuchName(
  'internal',
  true,
  'Names below internal are for private networks and petnames; this is no petname, and no route is configured for it.',
  {
    ttl: 60,
    aliasText:
      'Names below internal are for private networks and petnames; an alias leads to no petname, and no route is configured for this name.',
  },
);

// Mozilla's canary domain: Firefox keeps using the system resolver when it does not exist.
noSuchName('use-application-dns.net', false, 'Tells browsers to keep using the system resolver.');

// RFC 8375 §4, item 4: as RFC 6303 says of a locally served zone.
privateZone(
  'home.arpa',
  'Names below home.arpa are for private networks (RFC 8375), and no route is configured for this one.',
);

// RFC 9462 §4: a resolver that designates no other answers NODATA in this zone and forwards nothing.
add({ kind: 'no-data', zone: Name.parse('resolver.arpa') });

for (const zone of privateReverseZones) {
  privateZone(
    zone,
    'Private addresses have no public names (RFC 6303), and no route is configured for this one.',
  );
}

// Never routed: nobody else decides what this machine calls itself.
for (const { zone, localhost } of loopbackReverseZones) {
  add({ kind: 'loopback-reverse', zone: Name.parse(zone), localhost: Name.parse(localhost) });
}

function noSuchName(
  zone: string,
  mayBeRouted: boolean,
  text: string,
  more: { readonly ttl?: number; readonly aliasText?: string } = {},
): void {
  add({ kind: 'no-such-name', zone: Name.parse(zone), mayBeRouted, text, ...more });
}

function privateZone(zone: string, text: string): void {
  add({ kind: 'private-zone', zone: Name.parse(zone), mayBeRouted: true, text });
}

function add(special: SpecialName): void {
  let node = root;
  for (const label of special.zone.labels.toReversed()) {
    let child = node.children.get(label);
    if (child === undefined) {
      child = { special: undefined, children: new Map() };
      node.children.set(label, child);
    }
    node = child;
  }
  node.special = special;
}
