import { InTurn } from '../../async/in-turn.ts';
import type { Finder, HeldNow } from '../../find/finder.ts';
import type { RelayCalls, RelayGet, RelayGot, RelayPut, RelayStored } from '../../http/calls/relay-calls.ts';
import { etagOf, judgeConditions } from '../../http/relay/conditions.ts';
import { InvariantError } from '../../pkarr/invariant-error.ts';
import { PublicKey } from '../../pkarr/public-key.ts';
import { compareRecency, SignedPacket } from '../../pkarr/signed-packet.ts';
import { PublishError } from '../../publish/publish-error.ts';
import { type PublishNetwork, putPacket } from '../../publish/put-packet.ts';
import { holdersOf } from '../../publish/put-report.ts';

/** What the relay works with. */
export interface RelayCallsParts {
  readonly finder: Pick<Finder, 'read' | 'held' | 'isAtHand'>;
  /** Where packets are put, as it is now. Other relays are not asked: whoever publishes chooses those. */
  readonly network: () => Pick<PublishNetwork, 'sink'>;
  /** Takes a packet in that nodes of the DHT hold. */
  readonly learn: (packet: SignedPacket) => Promise<unknown>;
  /** Whether one more key may be looked up for the client at this address. */
  readonly mayLookUp: (client: string) => boolean;
  /** Whether one more packet may be published for it. */
  readonly mayPublish: (client: string) => boolean;
  /** Milliseconds of the finder's clock. */
  readonly now: () => number;
  /** Milliseconds since 1970. */
  readonly nowWall: () => number;
}

/** Milliseconds: who has had the packet since the beginning of a lookup that was running already, has it now. */
const JUST_NOW = 10_000;

/** The relay's part in the main thread: from the store and the DHT that DNS is answered from. */
export function relayCalls(parts: RelayCallsParts): RelayCalls {
  const turns = new InTurn();
  return {
    'relay-get': (question, { signal }) => get(question, signal, parts),
    'relay-put': (question, { signal }) => put(question, signal, parts, turns),
  };
}

async function get(
  { key: text, policy, client }: RelayGet,
  signal: AbortSignal,
  parts: RelayCallsParts,
): Promise<RelayGot> {
  const { finder, mayLookUp, now } = parts;
  const key = PublicKey.fromLabel(text);
  if (policy === 'CacheOnly') {
    const held = await finder.held(key);
    return held === undefined ? { kind: 'absent' } : found(held, parts);
  }
  const isWhole = policy === 'NetworkOnly';
  if ((isWhole || !finder.isAtHand(key)) && !mayLookUp(client)) return { kind: 'limited' };
  const startedAt = now();
  const outcome = await finder.read(key, { freshness: isWhole ? 'newest' : 'fresh', signal });
  switch (outcome.kind) {
    case 'found': {
      const held = await finder.held(key);
      // It is in memory no longer; the lookup has it nevertheless.
      if (held === undefined) return found({ ...outcome, lastSeen: now() }, parts);
      const isConfirmed = held.lastSeen >= startedAt - JUST_NOW;
      return isWhole && !isConfirmed ? { kind: 'absent' } : found(held, parts);
    }
    case 'absent':
      return { kind: 'absent' };
    case 'unusable':
      return { kind: 'absent', invalidSeq: outcome.seq };
    case 'unreachable':
      return { kind: 'unreachable', reason: outcome.reason };
  }
}

function found(
  { packet, timeToLive, lastSeen }: HeldNow,
  { now, nowWall }: RelayCallsParts,
): Extract<RelayGot, { readonly kind: 'found' }> {
  return {
    kind: 'found',
    payload: packet.toRelayPayload(),
    secondsLeft: timeToLive,
    // `flush` makes it minus infinity.
    lastSeen: Number.isFinite(lastSeen) ? nowWall() - (now() - lastSeen) : undefined,
  };
}

async function put(
  { key: text, payload, client, conditions }: RelayPut,
  signal: AbortSignal,
  parts: RelayCallsParts,
  turns: InTurn,
): Promise<RelayStored> {
  const { finder, mayPublish } = parts;
  const key = PublicKey.fromLabel(text);
  const held = (await finder.held(key))?.packet;
  // Before it costs a verification or a token: whoever sends old packets is to cost nothing here.
  if (held !== undefined && Buffer.from(payload).readBigUInt64BE(64) < held.timestamp)
    return { kind: 'older' };
  if (!mayPublish(client)) return { kind: 'limited' };
  const verdict = SignedPacket.fromRelayPayload(key, payload);
  if (!verdict.ok)
    throw new InvariantError(`a packet that the thread verified does not verify: ${verdict.reason}`);
  const { packet } = verdict;
  if (held !== undefined && compareRecency(packet, held) < 0) return { kind: 'older' };
  if (conditions === undefined) return await publish(packet, signal, parts);
  // Of two that want to take the place of the same packet, the second finds that of the first.
  return await turns.run(text, async () => {
    signal.throwIfAborted();
    const refusal = await refusalOf(packet, { conditions, client }, signal, parts);
    return refusal ?? (await publish(packet, signal, parts));
  });
}

/** Why the conditions forbid to publish a packet; undefined when they do not. */
async function refusalOf(
  packet: SignedPacket,
  { conditions, client }: Pick<Required<RelayPut>, 'conditions' | 'client'>,
  signal: AbortSignal,
  { finder, mayLookUp, nowWall }: RelayCallsParts,
): Promise<RelayStored | undefined> {
  // Somebody may have published elsewhere since the packet that is here came.
  if (!mayLookUp(client)) return { kind: 'limited' };
  const outcome = await finder.read(packet.key, { freshness: 'newest', signal });
  if (outcome.kind === 'unreachable') return { kind: 'unreachable', reason: outcome.reason };
  const newest = outcome.kind === 'found' ? outcome.packet : undefined;
  const here = newest && {
    etag: etagOf(newest.timestamp, newest.toRelayPayload()),
    timestamp: newest.timestamp,
  };
  const verdict = judgeConditions(conditions, here, nowWall());
  if (verdict === 'met') return undefined;
  // RFC 9110 §13.1.1 and §13.1.4: what "has already succeeded" may be told so, to a client that did not hear of it.
  const isThere = newest !== undefined && compareRecency(packet, newest) === 0;
  return verdict === 'other-packet' && isThere ? undefined : { kind: 'changed' };
}

async function publish(
  packet: SignedPacket,
  signal: AbortSignal,
  { network, learn }: RelayCallsParts,
): Promise<RelayStored> {
  try {
    const report = await putPacket(packet, { sink: network().sink, relays: [] }, { signal });
    await learn(packet);
    return { kind: 'stored', nodes: holdersOf(report).nodes };
  } catch (error) {
    if (!(error instanceof PublishError)) throw error;
    return error.kind === 'conflict' ? { kind: 'older' } : { kind: 'failed', reason: error.message };
  }
}
