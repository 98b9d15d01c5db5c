/** The longest string that is decoded from, in octets: a whole block of headers. */
const MAX_CODED = 16_384;

/**
 * Octets of the Huffman code of RFC 7541 Appendix B: bits of the code of each symbol, 0 to 255 and then the end of a string. The
 * code is canonical: shorter codes come first, and those of one length in the order of their symbols.
 */
const bits: readonly number[] = `
  13 23 28 28 28 28 28 28 28 24 30 28 28 30 28 28
  28 28 28 28 28 28 30 28 28 28 28 28 28 28 28 28
   6 10 10 12 13  6  8 11 10 10  8 11  8  6  6  6
   5  5  5  6  6  6  6  6  6  6  7  8 15  6 12 10
  13  6  7  7  7  7  7  7  7  7  7  7  7  7  7  7
   7  7  7  7  7  7  7  7  8  7  8 13 19 13 14  6
  15  5  6  5  6  5  6  6  6  5  7  7  6  6  6  5
   6  7  6  5  5  6  7  7  7  7  7 15 11 14 13 28
  20 22 20 20 22 22 22 23 22 23 23 23 23 23 24 23
  24 24 22 23 24 23 23 23 23 21 22 23 22 23 23 24
  22 21 20 22 22 23 23 21 23 22 22 24 21 22 23 23
  21 21 22 21 23 22 23 23 20 22 22 22 23 22 22 23
  26 26 20 19 22 23 22 25 26 26 26 27 27 26 24 25
  19 21 26 27 27 26 27 24 21 21 26 26 28 27 27 27
  20 24 20 21 22 21 21 23 22 22 25 25 24 24 26 23
  26 27 26 26 27 27 27 27 27 28 27 27 27 27 27 26
  30
`
  .trim()
  .split(/\s+/)
  .map(Number);

const END = 256;

/** What follows a bit, at twice the number of a node and the bit: a node, or the symbol as `~symbol`. */
const next = makeTree();
/** The symbol that a node would be with nothing but ones until then: whether a string may end there (RFC 7541 §5.2). */
const mayEnd = makeEnds();

const decoded = Buffer.allocUnsafeSlow(Math.ceil((MAX_CODED * 8) / 5));

/**
 * Decodes what is coded in `octets` from `start` to before `end`, as Latin-1. Undefined for what no coder writes: "Padding not
 * corresponding to the most significant bits of the code for the EOS symbol MUST be treated as a decoding error" (RFC 7541
 * §5.2), and so are longer padding and the end as a symbol.
 */
export function decodeHuffman(octets: Uint8Array, start: number, end: number): string | undefined {
  if (end - start > MAX_CODED) return undefined;
  let length = 0;
  let node = 0;
  for (let at = start; at < end; at++) {
    const octet = octets[at] as number;
    for (let bit = 7; bit >= 0; bit--) {
      const found = next[2 * node + ((octet >> bit) & 1)] as number;
      if (found >= 0) {
        node = found;
        continue;
      }
      if (found === ~END) return undefined;
      decoded[length++] = ~found;
      node = 0;
    }
  }
  return mayEnd[node] === 1 ? decoded.toString('latin1', 0, length) : undefined;
}

function makeTree(): Int16Array {
  const tree = new Int16Array(2 * bits.length);
  let nodes = 1;
  let code = 0;
  let length = 0;
  const symbols = [...bits.keys()].sort((a, b) => lengthOf(a) - lengthOf(b) || a - b);
  for (const symbol of symbols) {
    code *= 2 ** (lengthOf(symbol) - length);
    length = lengthOf(symbol);
    let node = 0;
    for (let bit = length - 1; bit > 0; bit--) {
      const branch = 2 * node + ((code >>> bit) & 1);
      if (tree[branch] === 0) tree[branch] = nodes++;
      node = tree[branch] as number;
    }
    tree[2 * node + (code & 1)] = ~symbol;
    code++;
  }
  return tree;
}

function makeEnds(): Uint8Array {
  const ends = new Uint8Array(bits.length);
  // "A padding strictly longer than 7 bits MUST be treated as a decoding error."
  for (let node = 0, padding = 0; padding <= 7; padding++) {
    ends[node] = 1;
    node = next[2 * node + 1] as number;
  }
  return ends;
}

function lengthOf(symbol: number): number {
  return bits[symbol] as number;
}
