import { type RelayClient, type RelayGetOutcome, relayFailureToText } from '../relay/client.ts';
import { type PacketSource, SourceError, type SourceEvent } from './packet-source.ts';

/** Packets from one relay. A relay that gives no answer to the question cannot be asked: SourceError. */
export function relaySource(client: RelayClient): PacketSource {
  const { label } = client;
  return {
    label,
    async *lookup(key, options) {
      const outcome = await client.get(key, options);
      if (outcome.kind === 'failed') throw new SourceError(relayFailureToText(outcome.failure));
      const event = eventOf(outcome, label);
      if (event !== undefined) yield event;
      const saysNo = outcome.kind === 'not-modified' || (outcome.kind === 'absent' && event === undefined);
      yield { kind: 'done', observed: { asked: 1, answered: 1, empty: saysNo ? 1 : 0 } };
    },
  };
}

function eventOf(
  outcome: Exclude<RelayGetOutcome, { readonly kind: 'failed' }>,
  from: string,
): SourceEvent | undefined {
  switch (outcome.kind) {
    case 'packet':
      return { kind: 'packet', packet: outcome.packet, from };
    case 'unusable':
      // Octets that the key did not sign say nothing about the key; that the relay answered so is all there is.
      if (outcome.seq === undefined) return undefined;
      return { kind: 'unusable', seq: outcome.seq, reason: outcome.reason, from };
    case 'absent':
      if (outcome.invalidSeq === undefined) return undefined;
      return { kind: 'unusable', seq: outcome.invalidSeq, reason: 'bad-dns-message', from };
    case 'not-modified':
      return undefined;
  }
}
