import { staticTable } from './static-table.ts';

/** Octets that an index, and the length of a string, take at most here. */
const INTEGER = 6;

/** By the name, the index of the first entry of the static table that has it. */
const indexOfName = new Map<string, number>();
for (const [index, [name]] of staticTable.entries()) {
  if (!indexOfName.has(name)) indexOfName.set(name, index + 1);
}
const indexOfStatus = new Map<number, number>();
for (const [index, [name, value]] of staticTable.entries()) {
  if (name === ':status') indexOfStatus.set(Number(value), index + 1);
}
const STATUS = indexOfName.get(':status') as number;

/** RFC 9110 §5.6.2, in lower case (RFC 9113 §8.2.1), and §5.5. */
const isName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const isValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Octets that the block of `headers` takes at most. */
export function maxEncodedLength(headers: Iterable<readonly [string, string]>): number {
  let length = INTEGER + 4;
  for (const [name, value] of headers) length += name.length + value.length + 3 * INTEGER;
  return length;
}

/**
 * Writes the block of an answer's headers (RFC 7541) at `at`, with no use of the dynamic table and no Huffman code: answers are
 * short, and their time is worth more than their octets.
 * @returns where it ends. @throws TypeError for a header that cannot be sent.
 */
export function encodeHeaders(
  octets: Buffer,
  at: number,
  status: number,
  headers: Iterable<readonly [string, string]>,
): number {
  const known = indexOfStatus.get(status);
  let end = at;
  if (known !== undefined) octets[end++] = 0x80 | known;
  else end = writeString(octets, writeInteger(octets, end, 4, STATUS), String(status));
  for (const [name, value] of headers) {
    if (!isValue.test(value)) throw new TypeError(`the header ${name} has a value that cannot be sent`);
    const index = indexOfName.get(name);
    if (index === undefined && !isName.test(name)) throw new TypeError(`no header can be named ${name}`);
    // RFC 7541 §6.2.2: "Literal Header Field without Indexing".
    end = writeInteger(octets, end, 4, index ?? 0);
    if (index === undefined) end = writeString(octets, end, name);
    end = writeString(octets, end, value);
  }
  return end;
}

/** RFC 7541 §5.1, with no bit before the prefix set. */
function writeInteger(octets: Buffer, at: number, prefix: number, value: number): number {
  const mask = (1 << prefix) - 1;
  let end = at;
  if (value < mask) {
    octets[end++] = value;
    return end;
  }
  octets[end++] = mask;
  let rest = value - mask;
  for (; rest > 0x7f; rest >>>= 7) octets[end++] = (rest & 0x7f) | 0x80;
  octets[end++] = rest;
  return end;
}

/** RFC 7541 §5.2. */
function writeString(octets: Buffer, at: number, text: string): number {
  const start = writeInteger(octets, at, 7, text.length);
  return start + octets.write(text, start, 'latin1');
}
