/** RDATA that is valid for its type, for every type with a form of its own. */

import { Type } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import type { ResourceRecord } from '../../../src/dns/record.ts';
import { fc } from '../../support/property.ts';

const labelText = fc
  .array(fc.integer({ min: 0, max: 255 }), { minLength: 1, maxLength: 12 })
  .map((octets) => String.fromCharCode(...octets));
/** A name of up to five labels of any octets. */
export const name = fc.array(labelText, { maxLength: 5 }).map((labels) => Name.fromLabels(labels));
/** Any octets. */
export const octets = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength });
const string = octets(255).map((text) => [text.length, ...text]);
const wire = name.map((value) => [...value.toWire()]);
const numbers = (length: number) => octets(length, length).map((value) => [...value]);

const some = octets(40, 1).map((value) => [...value]);

/** A base of one digit and a power of ten (RFC 1876 §2). */
const size = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(9)).map(([base, power]) => (base << 4) | power);
const u32 = (value: number) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff);
const angle = (degrees: number) =>
  fc
    .integer({ min: -degrees * 3_600_000, max: degrees * 3_600_000 })
    .map((thousandths) => u32(2 ** 31 + thousandths));
const location = fc
  .tuple(size, size, size, angle(90), angle(180), numbers(4))
  .map(([a, b, c, latitude, longitude, altitude]) => [0, a, b, c, ...latitude, ...longitude, ...altitude]);

const addressPrefix = fc
  .constantFrom([1, 4] as const, [2, 16] as const)
  .chain(([family, length]) =>
    fc.tuple(fc.constant(family), fc.nat(length * 8), fc.boolean(), octets(length, 0)),
  )
  .map(([family, prefix, isNegated, part]) => {
    const kept = part.subarray(0, part.findLastIndex((octet) => octet !== 0) + 1);
    return [0, family, prefix, (isNegated ? 0x80 : 0) | kept.length, ...kept];
  });

/** Gateway type, algorithm and gateway. */
const gateway = fc
  .oneof(
    fc.constant([0]),
    numbers(4).map((address) => [1, ...address]),
    numbers(16).map((address) => [2, ...address]),
    wire.map((host) => [3, ...host]),
  )
  .map(([type = 0, ...rest]) => [type, 2, ...rest]);
const relay = fc
  .tuple(fc.boolean(), gateway)
  .map(([isOptional, [type = 0, , ...rest]]) => [(isOptional ? 0x80 : 0) | type, ...rest]);
const hostIdentity = fc
  .tuple(octets(20, 1), octets(40, 1))
  .map(([tag, key]) => [tag.length, 2, 0, key.length, ...tag, ...key]);

/** Windows in order, each with a bitmap whose last octet is not zero (RFC 4034 §4.1.2). */
const typeBitmap = fc
  .uniqueArray(fc.tuple(fc.nat(255), octets(31), fc.integer({ min: 1, max: 255 })), {
    selector: ([window]) => window,
    maxLength: 3,
  })
  .map((windows) =>
    windows
      .sort(([a], [b]) => a - b)
      .flatMap(([window, bitmap, last]) => [window, bitmap.length + 1, ...bitmap, last]),
  );

const listed = (value: fc.Arbitrary<number[]>) =>
  fc.array(value, { minLength: 1, maxLength: 3 }).map((items) => items.flat());
const ofLength = (length: number) => octets(length, length).map((value) => [...value]);

/** SvcParams that need no others: key and value. */
const parameter: fc.Arbitrary<[number, number[]]> = fc.oneof(
  listed(octets(20, 1).map((item) => [item.length, ...item])).map((value): [number, number[]] => [1, value]),
  ofLength(2).map((value): [number, number[]] => [3, value]),
  listed(ofLength(4)).map((value): [number, number[]] => [4, value]),
  listed(ofLength(16)).map((value): [number, number[]] => [6, value]),
  fc.tuple(
    fc.constantFrom(5, 7, 9),
    octets(32).map((value) => [...value]),
  ),
  fc.tuple(
    fc.integer({ min: 11, max: 0xffff }),
    octets(32).map((value) => [...value]),
  ),
);
/** SvcParams: the keys in order, each once, all of them mandatory or none. */
export const serviceParameters: fc.Arbitrary<number[]> = fc
  .tuple(fc.uniqueArray(parameter, { selector: ([key]) => key, maxLength: 5 }), fc.boolean())
  .map(([parameters, isMandatory]) => {
    const sorted = parameters.sort(([a], [b]) => a - b);
    const keys = sorted.flatMap(([key]) => [key >> 8, key & 255]);
    const all: [number, number[]][] = isMandatory && keys.length > 0 ? [[0, keys], ...sorted] : sorted;
    return all.flatMap(([key, value]) => [
      key >> 8,
      key & 255,
      value.length >> 8,
      value.length & 255,
      ...value,
    ]);
  });

/** Types and the parts of their RDATA, in order. */
export const rdataParts: [number, fc.Arbitrary<number[]>[]][] = [
  [Type.A, [numbers(4)]],
  [Type.AAAA, [numbers(16)]],
  [Type.NS, [wire]],
  [Type.CNAME, [wire]],
  [Type.DNAME, [wire]],
  [Type.PTR, [wire]],
  [Type.SOA, [wire, wire, numbers(20)]],
  [Type.MX, [numbers(2), wire]],
  [Type.AFSDB, [numbers(2), wire]],
  [Type.KX, [numbers(2), wire]],
  [Type.RP, [wire, wire]],
  [Type.SRV, [numbers(6), wire]],
  [Type.NAPTR, [numbers(4), string, string, string, wire]],
  [Type.HINFO, [string, string]],
  [Type.TXT, [string, fc.array(string, { maxLength: 3 }).map((strings) => strings.flat())]],
  [
    Type.CAA,
    [numbers(1), fc.constantFrom([5, 0x69, 0x73, 0x73, 0x75, 0x65]), octets(40).map((text) => [...text])],
  ],
  [Type.URI, [numbers(4), some]],
  [Type.DS, [numbers(4), octets(40).map((text) => [...text])]],
  [Type.DNSKEY, [numbers(4), octets(40).map((text) => [...text])]],
  [Type.TLSA, [numbers(3), octets(40).map((text) => [...text])]],
  [Type.SSHFP, [numbers(2), octets(40).map((text) => [...text])]],
  [Type.OPENPGPKEY, [octets(40, 1).map((text) => [...text])]],
  [Type.SVCB, [numbers(2), wire, serviceParameters]],
  [Type.HTTPS, [numbers(2), wire, serviceParameters]],
  [Type.LOC, [location]],
  [Type.CERT, [numbers(5), some]],
  [Type.APL, [fc.array(addressPrefix, { minLength: 1, maxLength: 3 }).map((items) => items.flat())]],
  [Type.IPSECKEY, [numbers(1), gateway, some]],
  [Type.HIP, [hostIdentity, fc.array(wire, { maxLength: 2 }).map((servers) => servers.flat())]],
  [Type.CSYNC, [numbers(6), typeBitmap]],
  [Type.ZONEMD, [numbers(6), octets(64, 12).map((digest) => [...digest])]],
  [Type.DSYNC, [numbers(5), wire]],
  [Type.HHIT, [some]],
  [Type.BRID, [some]],
  [Type.NID, [numbers(10)]],
  [Type.L32, [numbers(6)]],
  [Type.L64, [numbers(10)]],
  [Type.LP, [numbers(2), wire]],
  [Type.EUI48, [numbers(6)]],
  [Type.EUI64, [numbers(8)]],
  [Type.AMTRELAY, [numbers(1), relay]],
  [Type.RESINFO, [string]],
  [Type.WALLET, [string]],
  [65400, [octets(60).map((text) => [...text])]],
];

/** A record of one of these types whose owner is below `zone`. */
export function recordBelow(zone: Name): fc.Arbitrary<ResourceRecord> {
  return fc.constantFrom(...rdataParts).chain(([type, parts]) =>
    fc.record({
      name: name.map((value) => Name.fromLabels([...value.labels, ...zone.labels])),
      type: fc.constant(type),
      class: fc.constant(1),
      ttl: fc.nat(0x7fff_ffff),
      rdata: fc.tuple(...parts).map((pieces) => Uint8Array.from(pieces.flat())),
    }),
  );
}
