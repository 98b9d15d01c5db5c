import { Type } from '../../../dns/codes.ts';
import { Name } from '../../../dns/name.ts';
import type { ResourceRecord } from '../../../dns/record.ts';
import { MAX_PUBLISH_BYTES, packetMessageLength } from '../../packet-message.ts';
import type { Shrinker } from './shrinker.ts';
import { namesText, recordsByName, relativeName } from './zone-records.ts';

/** Stands for a second key, which has as many characters. */
const SECOND_KEY: Name = Name.fromLabels(['k'.repeat(52)]);

/**
 * The names that take the most are published under a second key, to which a CNAME leads; as many as are needed. The apex stays: a
 * CNAME there would hide all else.
 */
export const movedAway: Shrinker = (records, apex) => {
  const length = packetMessageLength(records);
  const candidates = recordsByName(records)
    .filter(({ name, records: own }) => !name.equals(apex) && own.every(({ type }) => mayMove(type)))
    .map(({ name }) => ({ name, saves: length - packetMessageLength(withAlias(records, name, apex)) }))
    .filter(({ saves }) => saves > 0)
    .sort((a, b) => b.saves - a.saves);
  const moved: Name[] = [];
  let rest = records;
  for (const { name } of candidates) {
    if (packetMessageLength(rest) <= MAX_PUBLISH_BYTES) break;
    rest = withAlias(rest, name, apex);
    moved.push(name);
  }
  if (moved.length === 0) return undefined;
  const [first = apex] = moved;
  const name = relativeName(first, apex);
  const text =
    `A second key (pkarrd keygen) for the records of ${namesText(moved, apex)}: publish them under it, and here only ` +
    `"${name} CNAME ${name}.SECOND-KEY."${moved.length > 1 ? ' and so on' : ''}`;
  return { aim: 'key', text, records: rest };
};

/** An alias is one already, and a delegation cannot be reached through one. */
function mayMove(type: number): boolean {
  return type !== Type.CNAME && type !== Type.NS && type !== Type.DNAME;
}

function withAlias(records: readonly ResourceRecord[], name: Name, apex: Name): readonly ResourceRecord[] {
  const first = records.find((record) => record.name.equals(name));
  if (first === undefined) return records;
  const target = name.replaceSuffix(apex, SECOND_KEY);
  const alias = { ...first, type: Type.CNAME, rdata: target.toWire() };
  return records.flatMap((record) => {
    if (record === first) return [alias];
    return record.name.equals(name) ? [] : [record];
  });
}
