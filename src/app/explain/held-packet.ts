import { Name } from '../../dns/name.ts';
import type { Finder } from '../../find/finder.ts';
import { timestampToText } from '../../pkarr/timestamp-text.ts';
import { keyOf } from '../../resolve/special/suffix.ts';
import type { AskOutcome } from '../../serve/responder.ts';

/** What is needed to know the packet that an answer came from. */
export interface HeldPacketParts {
  readonly finder: Pick<Finder, 'held'>;
  /** Domains under which keys resolve. */
  readonly suffixes: readonly Name[];
}

/**
 * The outcome with one more fact: the cache of answers does not know of packets, so the way of a cached answer for a name of a key says
 * nothing of the packet that it was made of, which is still here.
 */
export async function withHeldPacket(
  outcome: AskOutcome,
  { finder, suffixes }: HeldPacketParts,
): Promise<AskOutcome> {
  if (typeof outcome === 'string' || outcome.way === undefined) return outcome;
  const { way } = outcome;
  const [question] = way;
  const wasCached = way.some(({ of }) => of === 'cache') && !way.some(({ of }) => of === 'packet');
  if (!wasCached || question?.of !== 'question') return outcome;
  const name = Name.tryParse(question.name);
  const key = name && keyOf(name, suffixes);
  const held = key && (await finder.held(key));
  if (key === undefined || held === undefined) return outcome;
  const { timestamp } = held.packet;
  const fact = {
    of: 'packet',
    key: key.text,
    outcome: 'found',
    place: held.timeToLive > 0 ? 'memory' : 'memory-expired',
    timestamp: String(timestamp),
    date: timestampToText(timestamp),
    ...(held.timeToLive > 0 && { leftSeconds: held.timeToLive }),
    atMs: way.at(-1)?.atMs ?? 0,
  } as const;
  return { ...outcome, way: [...way, fact] };
}
