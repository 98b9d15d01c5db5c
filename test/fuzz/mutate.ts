import type { Structured } from './dns-bytes.ts';
import type { Random } from './random.ts';

/** Octets at which parsers take other ways: ends of ranges, compression pointers, lengths of labels, bencode's letters. */
const SPECIAL = [
  0, 1, 0x0c, 0x3f, 0x40, 0x41, 0x5a, 0x7f, 0x80, 0xbf, 0xc0, 0xff, 0x64, 0x65, 0x69, 0x6c, 0x3a, 0x30,
] as const;

/** Numbers at which a bound may be off by one. */
const BOUNDARIES = [
  0, 1, 2, 4, 5, 11, 12, 16, 31, 32, 33, 63, 64, 127, 128, 191, 192, 254, 255, 256, 257, 0x3fff, 0x7fff,
  0x8000, 0xc000, 0xc00b, 0xc00c, 0xfffe, 0xffff,
] as const;

/** The message with one of its fields changed by little or to a boundary; in a quarter of all cases as it is. */
export function mutateField({ octets, fields }: Structured, random: Random): Uint8Array {
  const kind = random.int(8);
  if (kind < 2 || fields.length === 0) return octets;
  if (kind === 7) return mutate(octets, random);
  const { at, size } = random.pick(fields);
  const result = Uint8Array.from(octets);
  const before =
    size === 1 ? (octets[at] as number) : (octets[at] as number) * 256 + (octets[at + 1] as number);
  const after = random.chance(0.6) ? before + random.pick([-2, -1, 1, 2]) : random.pick(BOUNDARIES);
  if (size === 2) result[at] = after >>> 8;
  result[at + size - 1] = after & 0xff;
  return result;
}

/** The octets with a few changes; now and then with none. */
export function mutate(octets: Uint8Array, random: Random, most = 4): Uint8Array {
  let result = octets;
  for (let left = random.int(most + 1); left > 0; left--) result = mutateOnce(result, random);
  return result;
}

/** The octets with one change. */
function mutateOnce(octets: Uint8Array, random: Random): Uint8Array {
  const at = random.int(octets.length + 1);
  const until = Math.min(octets.length, at + random.int(16));
  switch (random.int(7)) {
    case 0: // one bit
      return withOctet(octets, at, (octets[at] ?? 0) ^ (1 << random.int(8)));
    case 1: // one octet that means something
      return withOctet(octets, at, random.pick(SPECIAL));
    case 2: // the end is missing
      return octets.slice(0, at);
    case 3: // a piece is missing
      return joined(octets.subarray(0, at), octets.subarray(until));
    case 4: // a piece stands there twice
      return joined(octets.subarray(0, until), octets.subarray(at));
    case 5: // octets in between
      return joined(octets.subarray(0, at), random.octets(random.int(8)), octets.subarray(at));
    default: // a number of two octets that is off by little
      return withOctet(octets, at, (octets[at] ?? 0) + random.pick([-1, 1]));
  }
}

/** The text with a few pieces changed, doubled or taken out; `pieces` are what is put in. */
export function mutateText(text: string, pieces: readonly string[], random: Random, most = 4): string {
  let result = text;
  for (let left = random.int(most + 1); left > 0; left--) {
    const at = random.int(result.length + 1);
    const until = Math.min(result.length, at + random.int(12));
    const piece = random.chance(0.5) ? random.pick(pieces) : result.slice(at, until).repeat(random.int(3));
    result = result.slice(0, at) + piece + result.slice(random.chance(0.5) ? until : at);
  }
  return result;
}

function withOctet(octets: Uint8Array, at: number, octet: number): Uint8Array {
  const result = Uint8Array.from(octets);
  if (at < result.length) result[at] = octet;
  return result;
}

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(pieces));
}
