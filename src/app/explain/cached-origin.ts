import { decodeExtendedError } from '../../dns/extended-error.ts';
import { decodeMessage } from '../../dns/message.ts';
import { Name } from '../../dns/name.ts';
import type { Finder } from '../../find/finder.ts';
import type { Forwarder } from '../../forward/forwarder.ts';
import { almostKey, hasKeyText, type PublicKey } from '../../pkarr/public-key.ts';
import { timestampToText } from '../../pkarr/timestamp-text.ts';
import { filterReasonOf } from '../../resolve/pkarr/packet-addresses.ts';
import { isBlockedText } from '../../resolve/rebinding.ts';
import type { Petnames } from '../../resolve/special/petnames.ts';
import { specialFact, specialRule } from '../../resolve/special/special-use.ts';
import { INTERNAL, keyOf } from '../../resolve/special/suffix.ts';
import type { AskOutcome } from '../../serve/responder.ts';
import { type CacheFact, type Fact, isGiven, type TimedFact } from '../../way/fact.ts';

/** What is needed to know where an answer of the cache came from. */
export interface CachedOriginParts {
  readonly finder: Pick<Finder, 'held'>;
  readonly forwarder: Pick<Forwarder, 'hasRoute' | 'routeOf' | 'upstreamsFor'>;
  readonly petnames: Pick<Petnames, 'find'>;
  /** Domains under which keys resolve. */
  readonly suffixes: readonly Name[];
}

/**
 * The outcome with more facts: the cache of answers knows nothing but octets, so the way of a cached answer ends with it. Whose names
 * these are is as it was, for the cache forgets what became different: the packet that an answer was made of is still here, and an
 * ordinary name has the same upstreams.
 */
export async function withCachedOrigin(outcome: AskOutcome, parts: CachedOriginParts): Promise<AskOutcome> {
  if (typeof outcome === 'string' || outcome.way === undefined) return outcome;
  const { way, reply } = outcome;
  const [question] = way;
  const last = way.at(-1);
  if (question?.of !== 'question' || last?.of !== 'cache' || !isGiven(last)) return outcome;
  if (!way.every(({ of }) => of === 'question' || of === 'cache')) return outcome;
  const name = Name.tryParse(question.name);
  if (name === undefined) return outcome;
  const facts = [...(await originOf(name, question.type, last, parts)), ...filteredIn(reply)];
  const told: readonly TimedFact[] = facts.map((fact) => ({ ...fact, atMs: last.atMs }));
  return { ...outcome, way: [...way, ...told] };
}

async function originOf(
  name: Name,
  type: string,
  { state }: CacheFact,
  { finder, forwarder, petnames, suffixes }: CachedOriginParts,
): Promise<readonly Fact[]> {
  const routeLength = forwarder.routeOf(name)?.labels.length ?? 0;
  const petname = routeLength <= INTERNAL.labels.length ? petnames.find(name) : undefined;
  const key = petname?.key ?? keyOf(name, suffixes);
  if (key !== undefined) {
    const named: readonly Fact[] =
      petname === undefined
        ? []
        : [{ of: 'petname', petname: String(petname.domain), key: petname.key.text }];
    return [...named, ...(await heldPacket(key, finder))];
  }
  // What has or seems to have a key in it was answered here, and whoever asks for ANY is told that.
  if (type === 'ANY' || name.labels.some((label) => hasKeyText(label) || almostKey(label) !== undefined))
    return [];
  const special = specialRule(name, (one) => forwarder.hasRoute(one));
  if (special !== undefined) return [specialFact(special)];
  // Of a failure its own text says more; what is stale may be of upstreams that are not asked any more.
  return state === 'fresh' ? [{ ...forwarder.upstreamsFor(name), isEarlier: true }] : [];
}

async function heldPacket(key: PublicKey, finder: CachedOriginParts['finder']): Promise<readonly Fact[]> {
  const held = await finder.held(key);
  if (held === undefined) return [];
  const { timestamp } = held.packet;
  return [
    {
      of: 'packet',
      key: key.text,
      outcome: 'found',
      place: held.timeToLive > 0 ? 'memory' : 'memory-expired',
      timestamp: String(timestamp),
      date: timestampToText(timestamp),
      ...(held.timeToLive > 0 && { leftSeconds: held.timeToLive }),
    },
  ];
}

/** What was taken out of an answer of ours, which its extended errors tell. */
function filteredIn(reply: Uint8Array): readonly Fact[] {
  return (decodeMessage(reply).edns?.options ?? []).flatMap((option): readonly Fact[] => {
    const text = decodeExtendedError(option)?.text ?? '';
    const why = isBlockedText(text) ? 'rebinding' : filterReasonOf(text);
    return why === undefined ? [] : [{ of: 'filtered', why, text }];
  });
}
