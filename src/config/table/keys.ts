import { Name } from '../../dns/name.ts';
import { petnames } from '../petnames.ts';
import { choice, count, listOf, seconds } from '../setting-kinds.ts';
import { domain } from '../value-kinds.ts';
import { setting } from './setting.ts';

/** Settings of names that are keys: how they are written, and how their packets are used. */
export const keys = {
  names: setting({
    name: 'names',
    kind: petnames,
    default: () => [],
    help: 'Name of your own for a key: after alice=KEY, alice.internal means KEY; in the file a table [names]',
  }),
  suffix: setting({
    name: 'suffix',
    kind: listOf(domain),
    default: () => [Name.parse('key')],
    help: 'Domain under which keys resolve too, besides internal: with key, NAME.KEY.key means NAME.KEY',
  }),
  searchDomain: setting({
    name: 'search-domain',
    kind: listOf(domain),
    default: () => [],
    help: 'Search domain of clients, besides those of this system; KEY.DOMAIN is never sent upstream',
  }),
  pkarrPrivate: setting({
    name: 'pkarr-private',
    kind: choice(['allow', 'deny']),
    default: () => 'allow' as const,
    help: 'Whether the records of a key may have private addresses',
  }),
  pkarrLoopback: setting({
    name: 'pkarr-loopback',
    kind: choice(['allow', 'deny']),
    default: () => 'deny' as const,
    help: 'Whether the records of a key may have loopback addresses',
  }),
  minimumPacketTtl: setting({
    name: 'minimum-packet-ttl',
    // Below this, loading a page with a few names would look up the same packet several times.
    kind: seconds({ least: 5, most: 86_400 }),
    default: () => 300,
    help: 'Minimum time a packet is treated as fresh, regardless of its TTLs',
  }),
  maximumPacketTtl: setting({
    name: 'maximum-packet-ttl',
    kind: seconds({ least: 5, most: 604_800 }),
    default: () => 86_400,
    help: 'Maximum time a packet is treated as fresh, regardless of its TTLs',
  }),
  negativeTtl: setting({
    name: 'negative-ttl',
    // The answer cache keeps a negative answer for at most 900 s.
    kind: seconds({ least: 1, most: 900 }),
    default: () => 60,
    help: 'Time to remember that a key has no packet, or that its packet does not have a name',
  }),
  coldKeyRate: setting({
    name: 'cold-key-rate',
    kind: count({ least: 1, most: 1e5 }),
    default: () => 100,
    help: 'Maximum lookups of new keys per second, for all clients together',
  }),
  coldKeyClientRate: setting({
    name: 'cold-key-client-rate',
    kind: count({ least: 1, most: 1e5 }),
    default: () => 20,
    help: 'Maximum lookups of new keys per second for one other machine',
  }),
};
