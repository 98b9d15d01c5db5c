import { millisecondsText } from '../parts/format.ts';
import type { PacketPlace } from './step.ts';
import type { LookUpView } from './view.ts';

/** Where the answer came from, and why from there, as sentences; undefined while there is none. */
export function whyOf({ answer, question, place, asked }: LookUpView): string | undefined {
  if (answer === undefined || question === undefined) return undefined;
  const took = `It took ${millisecondsText(answer.tookMs)}.`;
  if (answer.isCached)
    return `From the cache of answers: the same was asked before, and its time to live is not over. ${took}`;
  if (question.key !== undefined && place !== undefined) {
    const first = isLookedUp(place) ? asked.find(({ said }) => said === 'item') : undefined;
    const from =
      first === undefined
        ? ''
        : ` The first to return a packet was ${first.label}, after ${millisecondsText(first.atMs)}.`;
    return `${places[place]}${from} ${took}`;
  }
  if (answer.upstream !== undefined)
    return `From the upstream resolver ${answer.upstream}: names that end in no key are forwarded. ${took}`;
  return `${sources[answer.source ?? ''] ?? 'It was resolved for this question.'} ${took}`;
}

function isLookedUp(place: PacketPlace): boolean {
  return place === 'nowhere' || place === 'memory-expired';
}

const places: Readonly<Record<PacketPlace, string>> = {
  memory:
    'From the signed packet in memory, whose time to live is not over. Nodes were asked again only for this page.',
  'memory-expired': 'From the network, since the time to live of the packet in memory was over.',
  'known-absent': 'From memory: shortly before, the network had no packet for this key.',
  store: 'From the signed packet on disk, which an earlier lookup had found.',
  nowhere: 'From the network, since no packet of this key was known here.',
};

const sources: Readonly<Record<string, string>> = {
  local: 'From pkarrd itself: a rule for special names, or a hosts file.',
  upstream: 'From an upstream resolver: names that end in no key are forwarded.',
};
