import type { ReadOutcome, ReadWay } from '../store/packet-library.ts';
import type { LookupStep, LookupSteps } from './lookup-step.ts';

/** What the steps of a lookup say of the packet that it found; nothing when nobody was asked. */
export function tallyOf(outcome: ReadOutcome, steps: LookupSteps | undefined): Pick<ReadWay, 'heard'> {
  const all = steps?.all ?? [];
  const isOfLookup = outcome.from === 'dht' || outcome.from === 'relay';
  if (all.length === 0 || !isOfLookup) return {};
  const timestamp = outcome.kind === 'found' ? outcome.packet.timestamp : undefined;
  const answered = all.filter((step) => !hasFailed(step));
  const nodes = answered.filter((step) => step.of === 'node').length;
  const having = all.filter((step) => seqOf(step) !== undefined);
  const holders = having.filter((step) => seqOf(step) === timestamp);
  const [first] = holders.filter(({ found }) => found.outcome === 'item');
  return {
    heard: {
      nodesAnswered: nodes,
      relaysAnswered: answered.length - nodes,
      failed: all.length - answered.length,
      held: holders.length,
      heldOlder: having.length - holders.length,
      heldNothing: all.filter(({ found }) => found.outcome === 'nothing').length,
      ...(first !== undefined && { first: first.of === 'node' ? first.address : first.label }),
    },
  };
}

function hasFailed({ found: { outcome } }: LookupStep): boolean {
  return outcome === 'silent' || outcome === 'refused' || outcome === 'failed';
}

function seqOf({ found }: LookupStep): bigint | undefined {
  return 'seq' in found ? found.seq : undefined;
}
