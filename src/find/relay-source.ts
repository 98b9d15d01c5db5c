import { type RelayClient, type RelayGetOutcome, relayFailureToText } from '../relay/client.ts';
import { type PacketSource, SourceError, type SourceEvent } from './packet-source.ts';

/**
 * Packets from one relay. A relay that gives no answer to the question is a SourceError.
 *
 * @param options `patience`: milliseconds that are waited for a relay that has set a rate limit; default 0.
 */
export function relaySource(client: RelayClient, options: { readonly patience?: number } = {}): PacketSource {
  const { label } = client;
  return {
    label,
    async *lookup(key, lookupOptions) {
      const outcome = await client.get(key, { ...options, ...lookupOptions });
      if (outcome.kind === 'failed')
        throw new SourceError(`relay ${label}: ${relayFailureToText(outcome.failure)}`);
      const event = eventOf(outcome, label);
      if (event !== undefined) yield event;
      const empty = outcome.kind === 'absent' && event === undefined ? 1 : 0;
      const notNewer = outcome.kind === 'not-modified' ? 1 : 0;
      yield { kind: 'done', observed: { asked: 1, answered: 1, empty, notNewer } };
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
      // Octets that the key did not sign say nothing about the key; all that is known is that the relay answered so.
      if (outcome.seq === undefined) return undefined;
      return { kind: 'unusable', seq: outcome.seq, reason: outcome.reason, from };
    case 'absent':
      if (outcome.invalidSeq === undefined) return undefined;
      return { kind: 'unusable', seq: outcome.invalidSeq, reason: 'bad-dns-message', from };
    case 'not-modified':
      return undefined;
  }
}
