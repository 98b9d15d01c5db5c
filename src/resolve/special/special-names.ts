import { lowerCase, Name } from '../../dns/name.ts';
import { loopbackReverseZones, privateReverseZones } from './private-zones.ts';

/**
 * A name that does not belong to the public DNS. A closed list; the layer that answers is `specialUse`.
 *
 * - `localhost`: this machine.
 * - `no-such-name`: nothing exists there, the zone's own name included.
 * - `private-zone`: an empty zone (RFC 6303 §3), unless a route says who serves it.
 * - `loopback-reverse`: such a zone, with one PTR record for `localhost`.
 * - `no-data`: every name exists and has nothing.
 */
export type SpecialName =
  | { readonly kind: 'localhost' | 'no-data'; readonly zone: Name }
  | {
      readonly kind: 'no-such-name' | 'private-zone';
      readonly zone: Name;
      /** A route for the name wins: there may be a resolver that knows it. */
      readonly mayBeRouted: boolean;
      /** For people who asked: a sentence. */
      readonly text: string;
    }
  | { readonly kind: 'loopback-reverse'; readonly zone: Name; readonly localhost: Name };

/**
 * What is special about `name`; undefined for an ordinary name. Pure. An ordinary name costs one look into a map for
 * its last label, two for those below `net`, and a few for those below `arpa`.
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

/** The rules by the labels of their zones, from the last to the first. No zone of the table lies inside another. */
interface RuleNode {
  special: SpecialName | undefined;
  readonly children: Map<string, RuleNode>;
}

const root: RuleNode = { special: undefined, children: new Map() };

// RFC 6761 §6.3: "The domain "localhost." and any names falling within ".localhost." are special".
add({ kind: 'localhost', zone: Name.parse('localhost') });

// RFC 6761 §6.4: queries for "invalid" names get NXDOMAIN immediately; they never exist.
noSuchName('invalid', false, 'The name invalid is reserved so as never to exist.');

// RFC 7686 §2: caching servers that know nothing of Tor do not look up names of onion services and answer NXDOMAIN. A
// route does not change that: what is looked up shows which hidden service somebody visits.
noSuchName('onion', false, 'Names of onion services are reached through Tor, not through DNS.');

// RFC 9476 §2: names below alt are for other name systems. A gateway to one of these may speak DNS on this machine.
noSuchName('alt', true, 'Names below alt belong to other name systems than DNS.');

// RFC 6761 §6.2: NXDOMAIN by default, and "Caching DNS servers SHOULD offer a configuration option (disabled by
// default) to enable upstream resolving of test names": a route.
noSuchName('test', true, 'Names below test are for testing, and there is no route for this one.');

// RFC 6762 §22.1, item 4: not to be looked up by unicast. Some networks have a zone of this name all the same.
noSuchName(
  'local',
  true,
  'Names below local are asked by multicast DNS, and there is no route for this one.',
);

// Reserved for private use by ICANN (resolution of 29 July 2024); the root proves that it does not exist.
noSuchName('internal', true, 'Names below internal are private, and there is no route for this one.');

// Mozilla's canary domain: Firefox leaves the system's resolver in charge when this does not exist.
noSuchName('use-application-dns.net', false, 'Asks browsers to keep to the resolver of the system.');

// RFC 8375 §4, item 4: as RFC 6303 says of a locally served zone.
privateZone('home.arpa', 'Names below home.arpa are private, and there is no route for this one.');

// RFC 9462 §4: a resolver that designates no other has no data in this zone, and asks nobody for it.
add({ kind: 'no-data', zone: Name.parse('resolver.arpa') });

for (const zone of privateReverseZones) {
  privateZone(
    zone,
    'Addresses of private networks have no public names, and there is no route for this one.',
  );
}

// Never routed: what this machine calls itself is nobody else's to say.
for (const { zone, localhost } of loopbackReverseZones) {
  add({ kind: 'loopback-reverse', zone: Name.parse(zone), localhost: Name.parse(localhost) });
}

function noSuchName(zone: string, mayBeRouted: boolean, text: string): void {
  add({ kind: 'no-such-name', zone: Name.parse(zone), mayBeRouted, text });
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
