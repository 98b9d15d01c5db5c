import { Type } from './codes.ts';
import { WireError } from './wire-error.ts';
import { WireReader } from './wire-reader.ts';
import type { WireWriter } from './wire-writer.ts';

/** EDNS option codes that we read or write (IANA "DNS EDNS0 Option Codes"). */
export const EdnsOptionCode = {
  NSID: 3,
  CLIENT_SUBNET: 8,
  COOKIE: 10,
  TCP_KEEPALIVE: 11,
  PADDING: 12,
  EXTENDED_ERROR: 15,
} as const;

/** One EDNS option (RFC 6891 §6.1.2). */
export interface EdnsOption {
  /** OPTION-CODE, 0 to 65,535. */
  readonly code: number;
  /** OPTION-DATA, up to 65,535 octets. */
  readonly data: Uint8Array;
}

/** The contents of an OPT record (RFC 6891 §6.1.3), except for the extended RCODE, which is in the message. */
export interface Edns {
  /** The sender's UDP payload size in octets, 0 to 65,535 as it was sent. */
  readonly udpPayloadSize: number;
  /** VERSION, 0 to 255; 0 is EDNS(0). */
  readonly version: number;
  /** The DO bit (RFC 3225). */
  readonly dnssecOk: boolean;
  readonly options: readonly EdnsOption[];
}

/** Reads an OPT record after its owner name and TYPE. @throws WireError. */
export function readOptBody(reader: WireReader): { readonly edns: Edns; readonly extendedRcode: number } {
  const udpPayloadSize = reader.u16('OPT CLASS');
  const extendedRcode = reader.u8('OPT EXTENDED-RCODE');
  const version = reader.u8('OPT VERSION');
  const flags = reader.u16('OPT flags');
  const length = reader.u16('OPT RDLENGTH');
  const start = reader.offset;
  reader.take(length, 'OPT RDATA');
  const inner = new WireReader(reader.bytes, start, start + length);
  const options: EdnsOption[] = [];
  // An option has at least 4 octets, so RDLENGTH bounds this loop at 16,383 turns.
  while (inner.remaining > 0) {
    const code = inner.u16('OPTION-CODE');
    const size = inner.u16('OPTION-LENGTH');
    if (size > inner.remaining) throw new WireError('bad-length', 'OPTION-LENGTH', inner.offset);
    options.push({ code, data: new Uint8Array(inner.take(size, 'OPTION-DATA')) });
  }
  return { edns: { udpPayloadSize, version, dnssecOk: (flags & 0x8000) !== 0, options }, extendedRcode };
}

/** Octets that the OPT record of `edns` takes. */
export function optLength(edns: Edns): number {
  return edns.options.reduce((sum, option) => sum + 4 + option.data.length, 11);
}

/** Writes the OPT record; `rcode` is the whole RCODE, of which the upper 8 bits go here. @throws WireError. */
export function writeOpt(writer: WireWriter, edns: Edns, rcode: number): void {
  writer.u8(0);
  writer.u16(Type.OPT);
  writer.u16(edns.udpPayloadSize);
  writer.u8(rcode >>> 4);
  writer.u8(edns.version);
  writer.u16(edns.dnssecOk ? 0x8000 : 0);
  writer.u16(optLength(edns) - 11);
  for (const option of edns.options) {
    writer.u16(option.code);
    writer.u16(option.data.length);
    writer.octets(option.data);
  }
}
