import { staticTable } from './static-table.ts';

/** Octets that an index, and the length of a string, take at most here. */
const INTEGER = 6;

/** Headers whose octets are kept: an answer has one of a few, and those of DNS one for each number of seconds that they live. */
const MAX_KEPT = 512;

/** By the name, the index of the first entry of the static table that has it. */
const indexOfName = new Map<string, number>();
const indexOfStatus = new Map<number, number>();
/** By the name and the value, the index of the entry that has both. */
const indexOfHeader = new Map<string, number>();
for (const [at, { name, value }] of staticTable.entries()) {
  if (!indexOfName.has(name)) indexOfName.set(name, at + 1);
  if (name === ':status') indexOfStatus.set(Number(value), at + 1);
  if (value !== '') indexOfHeader.set(`${name} ${value}`, at + 1);
}
const STATUS = indexOfName.get(':status') as number;

/** RFC 9110 §5.6.2, in lower case (RFC 9113 §8.2.1), and §5.5. */
const isName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const isValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Headers that never change. */
type Headers = Readonly<Record<string, string>>;

/** By the headers, what they and their status are in octets. */
const kept = new Map<Headers, { readonly status: number; readonly octets: Uint8Array }>();

/**
 * The octets of an answer's status and headers (RFC 7541), with no use of the dynamic table and no Huffman code: answers are short, and
 * their time is worth more than their octets. The same headers are not written twice.
 * @throws TypeError for a header that cannot be sent.
 */
export function encodedHead(status: number, headers: Headers): Uint8Array {
  const before = kept.get(headers);
  if (before?.status === status) return before.octets;
  const pairs = Object.entries(headers);
  let most = INTEGER + 4;
  for (const [name, value] of pairs) most += maxHeaderLength(name, value);
  const written = Buffer.allocUnsafe(most);
  let end = writeStatus(written, 0, status);
  for (const [name, value] of pairs) end = writeHeader(written, end, name, value);
  // A copy, which keeps no larger buffer alive.
  const octets = new Uint8Array(written.subarray(0, end));
  if (kept.size >= MAX_KEPT) kept.clear();
  kept.set(headers, { status, octets });
  return octets;
}

/** The octets of a request's headers, the parts of its request line first. @throws TypeError for a header that cannot be sent. */
export function encodedRequest(headers: readonly (readonly [name: string, value: string])[]): Uint8Array {
  let most = 0;
  for (const [name, value] of headers) most += maxHeaderLength(name, value);
  const written = Buffer.allocUnsafe(most);
  let end = 0;
  for (const [name, value] of headers) {
    const index = indexOfHeader.get(`${name} ${value}`);
    // RFC 7541 §6.1: "Indexed Header Field Representation".
    if (index !== undefined) written[end++] = 0x80 | index;
    else end = writeHeader(written, end, name, value);
  }
  return new Uint8Array(written.subarray(0, end));
}

/** Octets that a header takes at most. */
export function maxHeaderLength(name: string, value: string): number {
  return name.length + value.length + 3 * INTEGER;
}

/** Writes one header at `at`. @returns where it ends. @throws TypeError when it cannot be sent. */
export function writeHeader(octets: Buffer, at: number, name: string, value: string): number {
  if (!isValue.test(value)) throw new TypeError(`the header ${name} has a value that cannot be sent`);
  const index = indexOfName.get(name);
  if (index === undefined && !isName.test(name)) throw new TypeError(`no header can be named ${name}`);
  // RFC 7541 §6.2.2: "Literal Header Field without Indexing".
  let end = writeInteger(octets, at, 4, index ?? 0);
  if (index === undefined) end = writeString(octets, end, name);
  return writeString(octets, end, value);
}

function writeStatus(octets: Buffer, at: number, status: number): number {
  const known = indexOfStatus.get(status);
  if (known === undefined) return writeString(octets, writeInteger(octets, at, 4, STATUS), String(status));
  octets[at] = 0x80 | known;
  return at + 1;
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
