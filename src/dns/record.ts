import type { Name } from './name.ts';
import { readRdata, writeRdata } from './rdata/copy.ts';
import { readTtl } from './ttl.ts';
import { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** A resource record (RFC 1035 §4.1.3). */
export interface ResourceRecord {
  readonly name: Name;
  /** TYPE, 0 to 65,535. */
  readonly type: number;
  /** CLASS, 0 to 65,535; 1 is IN. */
  readonly class: number;
  /** TTL in seconds, 0 to 2^31 − 1. */
  readonly ttl: number;
  /** RDATA, up to 65,535 octets; names in known types are never compressed. */
  readonly rdata: Uint8Array;
}

/** An RRset: the records of one name, type and class (RFC 9499 §5). At least one. */
export type RRset = readonly [ResourceRecord, ...ResourceRecord[]];

/** Reads one record. @throws WireError. */
export function readRecord(reader: WireReader): ResourceRecord {
  const name = reader.name('NAME');
  const type = reader.u16('TYPE');
  const rrClass = reader.u16('CLASS');
  const ttl = readTtl(reader.u32('TTL'));
  const length = reader.u16('RDLENGTH');
  return { name, type, class: rrClass, ttl, rdata: readRdata(reader, type, length) };
}

/** Writes one record, names compressed where they may be. @throws WireError. */
export function writeRecord(writer: WireWriter, record: ResourceRecord): void {
  writer.name(record.name);
  writer.u16(record.type);
  writer.u16(record.class);
  writer.u32(record.ttl);
  const lengthAt = writer.length;
  writer.u16(0);
  writeRdata(writer, record.type, record.rdata);
  writer.patchU16(lengthAt, writer.length - lengthAt - 2);
}

/**
 * The name in the RDATA of a CNAME, DNAME, NS or PTR record, or `offset` octets into it (2 for
 * MX, SVCB and HTTPS). @throws WireError when there is none.
 */
export function rdataName(rdata: Uint8Array, offset = 0): Name {
  return new WireReader(rdata, offset).name('RDATA');
}
