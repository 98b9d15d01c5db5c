import { type RelayClient, type RelayGetOutcome, relayFailureToText } from '../relay/client.ts';
import type { RelayFinding } from './lookup-step.ts';
import { type PacketSource, SourceError, type SourceEvent } from './packet-source.ts';

/**
 * Packets from one relay. Throws SourceError if the relay does not answer the request.
 *
 * @param options `patience`: milliseconds to wait for a relay that limits the rate; default 0.
 */
export function relaySource(client: RelayClient, options: { readonly patience?: number } = {}): PacketSource {
  const { label } = client;
  return {
    label,
    async *lookup(key, { observe, ...lookupOptions }) {
      observe?.({ of: 'relay-asked', label });
      const outcome = await client.get(key, { ...options, ...lookupOptions });
      observe?.({ of: 'relay', label, found: findingOf(outcome) });
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

/** What a person who watches is told. */
function findingOf(outcome: RelayGetOutcome): RelayFinding {
  switch (outcome.kind) {
    case 'packet':
      return { outcome: 'item', seq: outcome.packet.timestamp };
    case 'unusable':
      return { outcome: 'invalid' };
    case 'absent':
      return { outcome: 'nothing' };
    case 'not-modified':
      return { outcome: 'seq' };
    case 'failed':
      return { outcome: 'failed', text: relayFailureToText(outcome.failure) };
  }
}

function eventOf(
  outcome: Exclude<RelayGetOutcome, { readonly kind: 'failed' }>,
  from: string,
): SourceEvent | undefined {
  switch (outcome.kind) {
    case 'packet':
      return { kind: 'packet', packet: outcome.packet, from, isFromRelay: true };
    case 'unusable':
      // Octets that the key did not sign say nothing about the key.
      if (outcome.seq === undefined) return undefined;
      return { kind: 'unusable', seq: outcome.seq, reason: outcome.reason, from };
    case 'absent':
      if (outcome.invalidSeq === undefined) return undefined;
      return { kind: 'unusable', seq: outcome.invalidSeq, reason: 'bad-dns-message', from };
    case 'not-modified':
      return undefined;
  }
}
