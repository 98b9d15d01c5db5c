import type { NamesView, WatchedKey } from '../../page/names/view.ts';
import { PublicKey } from '../../pkarr/public-key.ts';
import { recordChanges } from '../../pkarr/record-changes.ts';
import { timestampToText } from '../../pkarr/timestamp-text.ts';
import type { App } from '../status.ts';

/** Keys whose history is shown: more than anybody reads, and each of their packets is verified once. */
const MAX_KEYS = 50;

/** What the page shows of names, and of the keys that have one or are watched. */
export function namesView({ names, history }: Pick<App, 'names' | 'history'>): NamesView {
  const listed = names.list();
  const watched = new Set(history.watched);
  const keys = [
    ...new Set([...listed.filter(({ isHidden }) => !isHidden).map(({ key }) => key), ...watched]),
  ];
  return {
    names: listed.map(({ name, key, from, isHidden }) => ({ name, key, from, isHidden })),
    keys: keys.slice(0, MAX_KEYS).map(
      (key): WatchedKey => ({
        key,
        names: listed.filter((one) => one.key === key && !one.isHidden).map(({ name }) => name),
        isWatched: watched.has(key),
        packets: packetsOf(key, history),
      }),
    ),
    left: Math.max(0, keys.length - MAX_KEYS),
  };
}

function packetsOf(key: string, history: App['history']): WatchedKey['packets'] {
  const packets = history.of(PublicKey.fromLabel(key));
  return packets.map(({ packet, firstSeen }, index) => ({
    signed: timestampToText(packet.timestamp),
    firstSeen: new Date(firstSeen).toISOString(),
    octets: packet.size,
    ...recordChanges(packets[index + 1]?.packet, packet),
  }));
}
