import { listenAddressToText } from '../../config/listen-address.ts';
import { plural } from '../../observe/count-text.ts';
import type { App, AppStatus } from '../status.ts';

/** Addresses that are named; a router may have many. */
const MAX_ADDRESSES = 4;

/**
 * The state of the program in one sentence, for `systemctl status`: every user of the machine can see it, so it has counts and no
 * names. `notes` are said first, as sentences.
 */
export function statusSentence(
  { addresses }: Pick<App, 'addresses'>,
  {
    forwarder,
    dht,
    portalIsLikely,
    workers,
  }: Pick<AppStatus, 'forwarder' | 'dht' | 'portalIsLikely' | 'workers'>,
  notes: readonly string[] = [],
): string {
  const parts = [
    addresses.length === 0
      ? 'Waiting for an address to listen on'
      : `Answering on ${addressesText(addresses)}`,
    upstreamsText(forwarder.upstreams.map(({ state }) => state === 'dead')),
    dht === undefined ? 'the DHT is not started' : nodesText(dht.nodes),
  ];
  if (workers !== undefined && workers.running.length < workers.wanted)
    parts.push(`${workers.running.length} of ${workers.wanted} workers run`);
  if (portalIsLikely) parts.push('a captive portal is likely');
  return [...notes, `${parts.join('; ')}.`].join(' ');
}

function addressesText(addresses: App['addresses']): string {
  const texts = addresses.slice(0, MAX_ADDRESSES).map(listenAddressToText);
  const more = addresses.length - texts.length;
  if (more > 0) texts.push(`${more} more`);
  const last = texts.pop() ?? '';
  return texts.length === 0 ? last : `${texts.join(', ')} and ${last}`;
}

function upstreamsText(areDead: readonly boolean[]): string {
  const [count, dead] = [areDead.length, areDead.filter(Boolean).length];
  if (count === 0) return 'no upstreams';
  if (dead === count)
    return count === 1 ? 'the upstream does not answer' : `none of ${count} upstreams answers`;
  if (dead > 0) return `${count - dead} of ${count} upstreams answer`;
  return count === 1 ? '1 upstream' : `${count} upstreams`;
}

/** In tens from a hundred on: a number that changes all the time tells nothing more. */
function nodesText(nodes: number): string {
  if (nodes === 0) return 'the DHT is not reached';
  return `the DHT knows ${nodes < 100 ? plural(nodes, 'node') : `${nodes - (nodes % 10)} nodes`}`;
}
