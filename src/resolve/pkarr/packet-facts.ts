import type { PublicKey } from '../../pkarr/public-key.ts';
import { timestampToText } from '../../pkarr/timestamp-text.ts';
import type { ZoneAnswer } from '../../pkarr/zone/answer.ts';
import type { Fact, PacketFact } from '../../way/fact.ts';
import type { PacketReadOutcome } from '../packet-reader.ts';

/** What became of reading the packet of `key`, as a fact of a trace. */
export function packetFact(key: PublicKey, outcome: PacketReadOutcome): PacketFact {
  const common = { of: 'packet', key: key.text, outcome: outcome.kind } as const;
  if (outcome.kind === 'busy') return common;
  const { from, way } = outcome;
  return { ...common, ...(from && { from }), ...way, ...outcomeParts(outcome) };
}

function outcomeParts(outcome: Exclude<PacketReadOutcome, { readonly kind: 'busy' }>): Partial<PacketFact> {
  switch (outcome.kind) {
    case 'found': {
      const { timestamp } = outcome.packet;
      return {
        timestamp: String(timestamp),
        date: timestampToText(timestamp),
        isStale: outcome.stale,
        leftSeconds: outcome.timeToLive,
      };
    }
    case 'absent':
      return { leftSeconds: outcome.seconds };
    case 'unreachable':
      return { text: outcome.reason };
    case 'unusable':
      return {};
  }
}

/** What a packet says of a name, as a fact of a trace. */
export function zoneFact(answer: ZoneAnswer): Fact {
  const target =
    answer.kind === 'alias' ? answer.target : answer.kind === 'referral' ? answer.servers[0].name : undefined;
  return {
    of: 'zone',
    outcome: answer.kind,
    aliases: answer.steps,
    ...(target !== undefined && { target: String(target) }),
  };
}
