import { duration } from '../../observe/duration.ts';
import type { PublicationStatus } from '../../publish/publication-status.ts';

/** What `status` shows of a publication: one line, and one for each problem. */
export function publicationLines(publication: PublicationStatus): readonly string[] {
  const { kind, name, key, state, isAdopted, problem, lastSuccess, lastError } = publication;
  const lines = [
    [`${name}${key === undefined ? '' : ` (${key})`} ${state}`, ...heldBy(publication)].join(', '),
  ];
  if (isAdopted)
    lines.push(
      'a newer packet was published elsewhere and is kept; the zone file is used again when it changes',
    );
  if (problem !== undefined) {
    const consequence = lastSuccess === undefined ? '' : '; the last valid one stays published';
    lines.push(`invalid${consequence}: ${problem.replaceAll('\n', '; ')}`);
  }
  if (lastError !== undefined) lines.push(`last error ${ago(lastError.agoMs)}: ${lastError.text}`);
  const [first = '', ...rest] = lines;
  return [`${kind.padEnd(12)}${first}`, ...rest.map((line) => `${' '.repeat(12)}${line}`)];
}

function heldBy({ lastSuccess, nextInMs, state }: PublicationStatus): readonly string[] {
  const next = state === 'running' || nextInMs === undefined ? [] : [`next in ${duration(nextInMs / 1000)}`];
  if (lastSuccess === undefined) return next;
  const { agoMs, nodes, nodesAsked, relays, relaysAsked } = lastSuccess;
  return [
    `held by ${nodes} of ${nodesAsked} nodes${relaysAsked === 0 ? '' : ` and ${relays} of ${relaysAsked} relays`}`,
    ago(agoMs),
    ...next,
  ];
}

function ago(milliseconds: number): string {
  return `${duration(milliseconds / 1000)} ago`;
}
