import type { Fact } from './fact.ts';

/** The way of an answer in one line, for logs: `cache fresh`, `upstream 9.9.9.9 SERVFAIL 12 ms > upstream …`. */
export function lineOf(facts: readonly Fact[]): string {
  return facts.flatMap(wordsOf).join(' > ');
}

/** Nothing where another fact says the same. */
function wordsOf(fact: Fact): string | readonly [] {
  switch (fact.of) {
    case 'question':
      return fact.why === 'asked' ? [] : `${fact.why} ${fact.name} ${fact.type}`;
    case 'refused':
      return `refused ${fact.why}`;
    case 'cache':
      return fact.state === 'nothing' || fact.state === 'expired' ? [] : `cache ${fact.state}`;
    case 'special':
      return `special ${fact.zone}`;
    case 'suffix':
      return `suffix ${fact.suffix}`;
    case 'petname':
      return `petname ${fact.petname}`;
    case 'packet':
      return [
        `packet ${fact.key} ${fact.outcome}`,
        fact.from ?? fact.place ?? '',
        fact.isStale ? 'stale' : '',
      ]
        .filter((word) => word !== '')
        .join(' ');
    case 'zone':
      return fact.outcome === 'alias' ? [] : `zone ${fact.outcome}`;
    case 'name-server':
      return `name-server ${fact.address} ${fact.text} ${fact.durationMs} ms`;
    case 'upstreams':
      return fact.route === undefined ? [] : `route ${fact.route}`;
    case 'upstream':
      return `upstream ${fact.label} ${fact.rcode ?? fact.text ?? fact.outcome} ${fact.durationMs} ms`;
    case 'alias':
      return [];
    case 'filtered':
      return `filtered ${fact.why}`;
    case 'failure':
      return `failed ${fact.kind}`;
    default:
      return fact.of;
  }
}
