import type { Name } from '../../../dns/name.ts';
import type { ResourceRecord } from '../../../dns/record.ts';
import { MAX_PUBLISH_BYTES, packetMessageLength } from '../../packet-message.ts';
import { movedAway } from './moved-away.ts';
import { MAX_MEASURED_RECORDS } from './savings.ts';
import type { Shrinker, Shrinking } from './shrinker.ts';
import { dkimByAlias, dkimOfEd25519, ofNoUse, sharedWildcards, shortNames } from './shrinkers.ts';

/** A piece of advice. */
export interface Advice {
  readonly text: string;
  /** Octets. */
  readonly saves: number;
}

/** Advice, the best first, and which of it is enough together: indexes into it, and the octets that are left. */
export interface ShrinkPlan {
  readonly advice: readonly Advice[];
  readonly enough: { readonly taken: readonly number[]; readonly left: number } | undefined;
}

const shrinkers: readonly Shrinker[] = [
  ofNoUse,
  dkimByAlias,
  dkimOfEd25519,
  sharedWildcards,
  shortNames,
  movedAway,
];

/**
 * How a zone that is too large for a packet can be made smaller. What each way saves is measured by doing it; a name that is not
 * known yet, such as that of a second key, is stood for by one of its length. Pure.
 */
export function shrinkPlan(records: readonly ResourceRecord[], apex: Name): ShrinkPlan {
  if (records.length > MAX_MEASURED_RECORDS) return { advice: [], enough: undefined };
  const length = packetMessageLength(records);
  const found = shrinkers
    .flatMap((shrinker) => {
      const way = shrinker(records, apex);
      const saves = way === undefined ? 0 : length - packetMessageLength(way.records);
      return way === undefined || saves <= 0 ? [] : [{ shrinker, way, saves }];
    })
    .sort((a, b) => b.saves - a.saves);
  return {
    advice: found.map(({ way: { text }, saves }) => ({ text, saves })),
    enough: enoughOf(found, records, apex),
  };
}

/** Takes the best ways one after another, each on what those before left, until the rest fits. */
function enoughOf(
  found: readonly { readonly shrinker: Shrinker; readonly way: Shrinking }[],
  records: readonly ResourceRecord[],
  apex: Name,
): ShrinkPlan['enough'] {
  const taken: number[] = [];
  const aims = new Set<string>();
  let rest = records;
  for (const [index, { shrinker, way }] of found.entries()) {
    const next = aims.has(way.aim) ? undefined : shrinker(rest, apex);
    if (next === undefined) continue;
    aims.add(way.aim);
    taken.push(index);
    rest = next.records;
    const left = packetMessageLength(rest);
    if (left <= MAX_PUBLISH_BYTES) return { taken, left };
  }
  return undefined;
}
