import type { TimedFact } from '../../way/fact.ts';
import { hostOnly } from '../host-only.ts';

/** A fact for whoever may not see the configuration: see `hostOnly`. */
export function withoutPaths(fact: TimedFact): TimedFact {
  if (fact.of === 'upstream') return { ...fact, label: hostOnly(fact.label) };
  return fact.of === 'upstreams' ? { ...fact, labels: fact.labels.map(hostOnly) } : fact;
}
