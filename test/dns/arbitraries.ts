import { Class, Type } from '../../src/dns/codes.ts';
import { type Message, noFlags } from '../../src/dns/message.ts';
import { MAX_NAME_LENGTH, Name } from '../../src/dns/name.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { fc } from '../support/property.ts';
import { serviceParameters } from './presentation/rdata.ts';

/** A label of any octets; letters of both cases come often. */
export const label: fc.Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(0x61, 0x41, 0x62), fc.integer({ min: 0, max: 255 })), {
    minLength: 1,
    maxLength: 63,
  })
  .map((octets) => String.fromCharCode(...octets));

/** A name of any octets, up to 255 in wire form. */
export const name: fc.Arbitrary<Name> = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom('www', 'WWW', 'example', 'com', 'a') },
      { weight: 1, arbitrary: label },
    ),
    {
      maxLength: 12,
    },
  )
  .map((labels) => {
    let length = 1;
    const fitting = labels.filter((text) => {
      length += text.length + 1;
      return length <= MAX_NAME_LENGTH;
    });
    return Name.fromLabels(fitting);
  });

const octets = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });
const joined = (...parts: fc.Arbitrary<Uint8Array>[]) =>
  fc.tuple(...parts).map((pieces) => new Uint8Array(Buffer.concat(pieces)));
const wire = name.map((value) => value.toWire());

const string = octets(0, 255).map((text) => Uint8Array.of(text.length, ...text));
const parameters = serviceParameters.map((value) => Uint8Array.from(value));

const data: fc.Arbitrary<{ type: number; rdata: Uint8Array }> = fc.oneof(
  octets(4).map((rdata) => ({ type: Type.A as number, rdata })),
  octets(16).map((rdata) => ({ type: Type.AAAA as number, rdata })),
  ...[Type.NS, Type.CNAME, Type.PTR, Type.DNAME].map((type) => wire.map((rdata) => ({ type, rdata }))),
  joined(octets(2), wire).map((rdata) => ({ type: Type.MX as number, rdata })),
  joined(octets(6), wire).map((rdata) => ({ type: Type.SRV as number, rdata })),
  joined(wire, wire, octets(20)).map((rdata) => ({ type: Type.SOA as number, rdata })),
  joined(octets(2), wire, parameters).map((rdata) => ({ type: Type.HTTPS as number, rdata })),
  fc.array(string, { minLength: 1, maxLength: 4 }).map((strings) => ({
    type: Type.TXT as number,
    rdata: new Uint8Array(Buffer.concat(strings)),
  })),
  octets(0, 60).map((rdata) => ({ type: 65400, rdata })),
);

/** A record that a message can hold. */
const record: fc.Arbitrary<ResourceRecord> = fc
  .record({ name, data, class: fc.constantFrom(Class.IN, Class.CH, 65280), ttl: fc.nat(0x7fff_ffff) })
  .map(({ data: { type, rdata }, ...rest }) => ({ ...rest, type, rdata }));

const bit = fc.boolean();

/** A message as this program could send it. */
export const message: fc.Arbitrary<Message> = fc
  .record({
    id: fc.nat(0xffff),
    opcode: fc.nat(15),
    flags: fc.record({
      response: bit,
      authoritative: bit,
      truncated: bit,
      recursionDesired: bit,
      recursionAvailable: bit,
      authenticData: bit,
      checkingDisabled: bit,
    }),
    rcode: fc.nat(15),
    questions: fc.array(fc.record({ name, type: fc.nat(0xffff), class: fc.nat(0xffff) }), { maxLength: 2 }),
    answers: fc.array(record, { maxLength: 5 }),
    authorities: fc.array(record, { maxLength: 3 }),
    additionals: fc.array(record, { maxLength: 3 }),
    edns: fc.option(
      fc.record({
        udpPayloadSize: fc.nat(0xffff),
        version: fc.nat(255),
        dnssecOk: bit,
        options: fc.array(fc.record({ code: fc.nat(0xffff), data: octets(0, 40) }), { maxLength: 3 }),
      }),
      { nil: undefined },
    ),
  })
  .map(({ edns, ...rest }) => (edns === undefined ? rest : { ...rest, edns }));

/** A reply without records, to be filled. */
export const emptyReply: Message = {
  id: 0,
  opcode: 0,
  flags: { ...noFlags, response: true },
  rcode: 0,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
};

/** What a message says, in values that `deepEqual` can compare: names as their labels, octets as hex. */
export function plain(value: unknown): unknown {
  if (value instanceof Name) return value.labels;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, plain(inner)]));
}
