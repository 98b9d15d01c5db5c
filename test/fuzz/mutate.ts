import type { Random } from './random.ts';

/** Octets at which parsers take other ways: ends of ranges, compression pointers, lengths of labels, bencode's letters. */
const SPECIAL = [
  0, 1, 0x0c, 0x3f, 0x40, 0x7f, 0x80, 0xbf, 0xc0, 0xff, 0x64, 0x65, 0x69, 0x6c, 0x3a, 0x30,
] as const;

/** The octets with a few changes; now and then with none. */
export function mutate(octets: Uint8Array, random: Random, most = 4): Uint8Array {
  let result = octets;
  for (let left = random.int(most + 1); left > 0; left--) result = mutateOnce(result, random);
  return result;
}

function mutateOnce(octets: Uint8Array, random: Random): Uint8Array {
  const at = random.int(octets.length + 1);
  const until = Math.min(octets.length, at + random.int(16));
  switch (random.int(7)) {
    case 0: // one bit
      return octets.map((octet, i) => (i === at ? octet ^ (1 << random.int(8)) : octet));
    case 1: // one octet that means something
      return octets.map((octet, i) => (i === at ? random.pick(SPECIAL) : octet));
    case 2: // the end is missing
      return octets.slice(0, at);
    case 3: // a piece is missing
      return joined(octets.subarray(0, at), octets.subarray(until));
    case 4: // a piece stands there twice
      return joined(octets.subarray(0, until), octets.subarray(at));
    case 5: // octets in between
      return joined(octets.subarray(0, at), random.octets(random.int(8)), octets.subarray(at));
    default: // a number of two octets that is off by little
      return octets.map((octet, i) => (i === at ? octet + random.pick([-1, 1]) : octet));
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

function joined(...pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(pieces));
}
