import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyEvent, initialState, type LookupState } from '../../src/find/lookup-state.ts';
import type { SourceEvent } from '../../src/find/packet-source.ts';
import type { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { fc } from '../support/property.ts';

const key = testKey(1);
const old = signedPacket(key, 100);
const recent = signedPacket(key, 200);
const recentTwin = signedPacket(key, 200, [aRecord(key.publicKey.text, '192.0.2.2')]);
const newest = signedPacket(key, 300);

function packet(value: SignedPacket): SourceEvent {
  return { kind: 'packet', packet: value, from: 'x' };
}

function fold(held: SignedPacket | undefined, events: readonly SourceEvent[]): LookupState {
  return events.reduce(applyEvent, initialState(held));
}

const cases: readonly {
  readonly rule: string;
  readonly held?: SignedPacket;
  readonly events: readonly SourceEvent[];
  readonly best: SignedPacket | undefined;
  readonly heldBy: number;
  readonly behind: number;
  readonly unusableSeq?: bigint;
}[] = [
  { rule: 'nothing heard, nothing held: no packet', events: [], best: undefined, heldBy: 0, behind: 0 },
  { rule: 'the first packet is the best so far', events: [packet(old)], best: old, heldBy: 1, behind: 0 },
  {
    rule: 'a newer packet replaces an older',
    events: [packet(old), packet(recent)],
    best: recent,
    heldBy: 1,
    behind: 1,
  },
  {
    rule: 'an older packet never replaces a newer',
    events: [packet(recent), packet(old)],
    best: recent,
    heldBy: 1,
    behind: 1,
  },
  {
    rule: 'an older packet does not replace the one we hold, which nobody else has',
    held: recent,
    events: [packet(old)],
    best: recent,
    heldBy: 0,
    behind: 1,
  },
  {
    rule: 'the packet we hold is confirmed by those that return it',
    held: recent,
    events: [packet(recent), packet(recent)],
    best: recent,
    heldBy: 2,
    behind: 0,
  },
  {
    rule: 'on equal timestamps the larger message wins, whichever comes first',
    events: [packet(recentTwin), packet(recent)],
    best: recentTwin,
    heldBy: 1,
    behind: 1,
  },
  {
    rule: 'a newer item that is no packet is reported and hides nothing',
    events: [{ kind: 'unusable', seq: 999_000_000n, reason: 'bad-dns-message', from: 'x' }, packet(recent)],
    best: recent,
    heldBy: 1,
    behind: 0,
    unusableSeq: 999_000_000n,
  },
];

for (const { rule, held, events, best, heldBy, behind, unusableSeq } of cases) {
  test(rule, () => {
    const state = fold(held, events);
    assert.equal(state.best, best);
    assert.equal(state.heldBy, heldBy);
    assert.equal(state.behind, behind);
    assert.equal(state.unusableSeq, unusableSeq);
  });
}

test('what wins does not depend on the order of arrival', () => {
  const event = fc.oneof(
    fc.constantFrom(old, recent, recentTwin, newest).map(packet),
    fc.bigInt(0n, 10n).map(
      (seq): SourceEvent => ({
        kind: 'unusable',
        seq,
        reason: 'bad-dns-message',
        from: 'x',
      }),
    ),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 20 }), fc.infiniteStream(fc.nat()), (events, weights) => {
      const shuffled = events
        .map((value) => ({ value, weight: weights.next().value ?? 0 }))
        .sort((a, b) => a.weight - b.weight)
        .map(({ value }) => value);
      assert.deepEqual(fold(undefined, shuffled), fold(undefined, events));
    }),
  );
});
