import assert from 'node:assert/strict';
import type { Name } from '../../src/dns/name.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { WireError } from '../../src/dns/wire-error.ts';
import type { PlainRecord } from './reference/message.ts';

/*
 * Comparisons that are made in nearly every execution. Those of `node:assert` take many times as long.
 */

/** Fails when the octets differ. */
export function sameOctets(one: Uint8Array, other: Uint8Array, what: string): void {
  if (Buffer.compare(one, other) !== 0)
    assert.fail(`${what}: ${Buffer.from(one).toString('hex')} is not ${Buffer.from(other).toString('hex')}`);
}

/** Fails when the values are not the same. */
export function same<T>(one: T, other: T, what: string): void {
  if (!Object.is(one, other)) assert.fail(`${what}: ${String(one)} is not ${String(other)}`);
}

/** Fails when a name does not have these labels. */
export function sameLabels({ labels }: Name, expected: readonly string[], what: string): void {
  same(labels.length, expected.length, `${what}, labels`);
  for (let i = 0; i < labels.length; i++) same(labels[i], expected[i], what);
}

/** The result of `read`, or undefined when it throws the one error that it may throw. */
export function orWireError<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** The TTL that 32 bits mean (RFC 2181 §8). */
export function ttlOf(raw: number): number {
  return raw >= 2 ** 31 ? 0 : raw;
}

/** Fails when records are not those of another reader. */
export function sameRecords(
  records: readonly ResourceRecord[],
  plain: readonly PlainRecord[],
  what: string,
): void {
  same(records.length, plain.length, `${what}, records`);
  for (const [index, record] of records.entries()) {
    const other = plain[index] as PlainRecord;
    sameLabels(record.name, other.labels, `${what}, owner`);
    same(record.type, other.type, `${what}, type`);
    same(record.class, other.class, `${what}, class`);
    same(record.ttl, ttlOf(other.rawTtl), `${what}, TTL`);
    if (other.rdata !== undefined) sameOctets(record.rdata, other.rdata, `${what}, RDATA`);
  }
}
