import assert from 'node:assert/strict';
import { decode } from 'dns-packet';
import { readLayout } from '../../../src/dns/layout.ts';
import { decodeMessage, encodeMessage, type Message } from '../../../src/dns/message.ts';
import { isWellFormed } from '../../../src/dns/rdata/check.ts';
import { ageTtl } from '../../../src/dns/ttl.ts';
import { WireError } from '../../../src/dns/wire-error.ts';
import { orWireError, same, sameLabels, sameOctets, sameRecords, ttlOf } from '../check.ts';
import { messages } from '../corpus.ts';
import { labels, structuredMessage } from '../dns-bytes.ts';
import { mutate, mutateField } from '../mutate.ts';
import type { Random } from '../random.ts';
import { compressibleTypes } from '../reference/forms.ts';
import { type PlainMessage, plainMessage } from '../reference/message.ts';
import { u16, u32 } from '../reference/numbers.ts';
import type { FuzzTarget } from '../target.ts';

/**
 * Messages are read as by two other readers, and refused when these refuse them; what is written is read again as the same;
 * a limit of the length is kept.
 */
export const dnsMessages: FuzzTarget = {
  name: 'dns-message',
  run(random) {
    const octets = input(random);
    const plain = plainMessage(octets);
    const message = orWireError(() => decodeMessage(octets));
    same(message !== undefined, isDecodable(octets, plain), 'decodable');
    checkLayout(octets, plain);
    if (message === undefined || plain === undefined) return;
    checkMessage(octets, message, plain);
    if (random.chance(0.05)) checkOtherReader(octets, plain);
    checkWriting(message, random);
    const ttl = random.u32();
    const field = Buffer.alloc(5);
    field.writeUInt32BE(ttl, 1);
    const age = random.int(100) + random.pick([0, Math.max(0, ttl - 50)]);
    ageTtl(field, 1, age);
    same(field.readUInt32BE(1), Math.max(0, ttl - age), 'TTL after a time');
  },
};

function input(random: Random): Uint8Array {
  if (random.chance(0.03)) return mutate(random.pick(messages), random, 2);
  const shape = {
    id: random.int(0x10000),
    flags: random.int(0x10000),
    question: labels(random, ['example']),
    type: random.int(300),
    zone: ['example'],
    records: random.chance(0.95) ? 3 : 12,
  };
  return mutateField(structuredMessage(shape, random), random);
}

function allRecords({ sections }: PlainMessage) {
  return [...sections[0], ...sections[1], ...sections[2]];
}

function isDecodable(octets: Uint8Array, plain: PlainMessage | undefined): boolean {
  return (
    plain !== undefined &&
    plain.end === octets.length &&
    !plain.isOptMisplaced &&
    plain.opts.length < 2 &&
    allRecords(plain).every(({ isReadable }) => isReadable)
  );
}

/** The layout says what the plain reader found, and there is one for exactly those whose every record is valid. */
function checkLayout(octets: Uint8Array, plain: PlainMessage | undefined): void {
  const layout = orWireError(() => readLayout(octets));
  const isValid =
    plain !== undefined &&
    !plain.isOptMisplaced &&
    !plain.isLedIntoTtl &&
    plain.opts.length < 2 &&
    plain.opts.every(({ isPlainRoot }) => isPlainRoot) &&
    allRecords(plain).every(({ rdata }) => rdata !== undefined);
  same(layout !== undefined, isValid, 'has a layout');
  if (layout === undefined || plain === undefined) return;
  const records = allRecords(plain);
  same(layout.questionEnd, plain.questionEnd, 'questionEnd');
  same(layout.end, plain.end, 'end');
  same(layout.ttlOffsets.length, records.length, 'TTLs');
  for (const [index, { ttlAt }] of records.entries()) same(layout.ttlOffsets[index], ttlAt, 'ttlOffsets');
  const ttls = records.map(({ rawTtl }) => ttlOf(rawTtl));
  same(layout.minimumTtl, ttls.length === 0 ? undefined : Math.min(...ttls), 'minimumTtl');
  const soa = plain.sections[1].find(({ type }) => type === 6);
  const minimum = soa && Math.min(ttlOf(soa.rawTtl), ttlOf(u32(octets, soa.rdataAt + soa.length - 4)));
  same(layout.negativeTtl, minimum, 'negativeTtl');
  const [opt] = plain.opts;
  same(layout.opt?.start, opt?.start, 'start of OPT');
  same(layout.opt?.end, opt?.end, 'end of OPT');
  if (opt === undefined || layout.opt === undefined) return;
  same(layout.opt.udpPayloadSize, opt.size, 'size of OPT');
  same(layout.opt.extendedRcode, Math.floor(opt.bits / 2 ** 24), 'extended RCODE');
  same(layout.opt.version, Math.floor(opt.bits / 2 ** 16) % 256, 'version');
  same(layout.opt.dnssecOk, Math.floor(opt.bits / 2 ** 15) % 2 === 1, 'DO');
}

/** Field by field; a record's RDATA that stands alone is well-formed when it was so in the message. */
function checkMessage(octets: Uint8Array, message: Message, plain: PlainMessage): void {
  const bits = u16(octets, 2);
  const { flags, edns } = message;
  same(message.id, u16(octets, 0), 'ID');
  same(message.opcode, Math.floor(bits / 2048) % 16, 'OPCODE');
  const [qr, aa, tc, rd, ra, ad, cd] = [32768, 1024, 512, 256, 128, 32, 16].map(
    (bit) => Math.floor(bits / bit) % 2 === 1,
  );
  same(flags.response, qr, 'QR');
  same(flags.authoritative, aa, 'AA');
  same(flags.truncated, tc, 'TC');
  same(flags.recursionDesired, rd, 'RD');
  same(flags.recursionAvailable, ra, 'RA');
  same(flags.authenticData, ad, 'AD');
  same(flags.checkingDisabled, cd, 'CD');
  const [opt] = plain.opts;
  same(message.rcode, (bits % 16) + (opt === undefined ? 0 : Math.floor(opt.bits / 2 ** 24) * 16), 'RCODE');
  same(message.questions.length, plain.questions.length, 'questions');
  for (const [index, question] of message.questions.entries()) {
    sameLabels(question.name, plain.questions[index]?.labels ?? [], 'QNAME');
    same(question.type, plain.questions[index]?.type, 'QTYPE');
    same(question.class, plain.questions[index]?.class, 'QCLASS');
  }
  sameRecords(message.answers, plain.sections[0], 'answers');
  sameRecords(message.authorities, plain.sections[1], 'authorities');
  sameRecords(message.additionals, plain.sections[2], 'additionals');
  const records = [...message.answers, ...message.authorities, ...message.additionals];
  for (const [index, { rdata }] of allRecords(plain).entries()) {
    const own = records[index];
    if (own !== undefined) same(isWellFormed(own.type, own.rdata), rdata !== undefined, 'well-formed');
  }
  same(edns?.udpPayloadSize, opt?.size, 'payload size');
  same(edns?.version, opt && Math.floor(opt.bits / 2 ** 16) % 256, 'version');
  same(edns?.dnssecOk, opt && Math.floor(opt.bits / 2 ** 15) % 2 === 1, 'DO');
  same(edns?.options.length, opt?.options.length, 'options');
  for (const [index, { code, data }] of (edns?.options ?? []).entries()) {
    same(code, opt?.options[index]?.code, 'OPTION-CODE');
    sameOctets(data, opt?.options[index]?.data ?? new Uint8Array(0), 'OPTION-DATA');
  }
}

/** The npm package `dns-packet` reads the same names, where it reads the message and they have a form in its texts. */
function checkOtherReader(octets: Uint8Array, plain: PlainMessage): void {
  let other: ReturnType<typeof decode>;
  try {
    other = decode(Buffer.from(octets));
  } catch {
    // It refuses some types, and RDATA of which it wants more than we do.
    return;
  }
  same(other.id, u16(octets, 0), "dns-packet's ID");
  same(other.questions?.length, plain.questions.length, "dns-packet's questions");
  // Behind RDATA that it reads in its own way, it goes on elsewhere.
  for (const [index, { labels, type }] of plain.sections[0].entries()) {
    const name = other.answers?.[index]?.name;
    if (labels.every((label) => /^[!-~]+$/.test(label) && !label.includes('.')))
      same(name, labels.length === 0 ? '.' : labels.join('.'), "dns-packet's owner");
    if (![1, 2, 5, 12, 28].includes(type)) break;
  }
}

/** What is written is read as what was meant, by the plain reader, within the limit, and is its own writing. */
function checkWriting(message: Message, random: Random): void {
  const again = encodeMessage(message);
  const plain = plainMessage(again);
  assert.ok(plain !== undefined && plain.end === again.length, 'what is written is a message');
  const isCut = (again[2] as number) % 4 >= 2 && !message.flags.truncated;
  // Expanded names may not fit into 64 kB.
  if (!isCut && u16(again, 10) === message.additionals.length + (message.edns === undefined ? 0 : 1)) {
    checkMessage(again, message, plain);
    for (const { type, length, rdata } of allRecords(plain))
      if (!compressibleTypes.has(type)) same(length, rdata?.length ?? length, `RDLENGTH of type ${type}`);
    sameOctets(encodeMessage(decodeMessage(again)), again, 'written again');
  }
  const limit = random.chance(0.5)
    ? Math.max(12, again.length - random.int(4))
    : 12 + random.int(again.length + 20);
  let cut: Uint8Array;
  try {
    cut = encodeMessage(message, { limit });
  } catch (error) {
    if (error instanceof WireError && error.code === 'message-too-long') return;
    throw error;
  }
  assert.ok(cut.length <= limit, `${cut.length} octets where ${limit} were allowed`);
  assert.ok(limit < again.length || cut.length === again.length, 'it is cut though it fits');
  assert.ok(orWireError(() => decodeMessage(cut)) !== undefined, 'what is cut is a message');
}
