import { Class, Type, typeFromText } from '../../src/dns/codes.ts';
import { HEADER_LENGTH } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import type { ReceivedQuery } from '../support/scripted-upstream.ts';

/** Part of a message in hexadecimal. */
type Hex = string;

/** A record where it stands: its owner in hexadecimal, or as a name. */
interface Shape {
  readonly owner?: Hex | Name;
  readonly type: number;
  readonly ttl?: number;
  readonly rdata: Hex;
}

/** A reply, and the question that it answers. */
export interface CorpusCase {
  /** What is odd about it. */
  readonly what: string;
  /** Default: a name of the case's own. */
  readonly name?: Name;
  readonly type: number;
  readonly rcode?: number;
  readonly answers?: readonly Shape[];
  readonly authorities?: readonly Shape[];
  readonly additionals?: readonly Shape[];
  /** An OPT record in hexadecimal, before the additional records or after them. */
  readonly opt?: Hex;
  readonly isOptFirst?: boolean;
  /** Octets behind the message. */
  readonly tail?: Hex;
}

const QUESTION = 'c00c';
const name = (text: string): Hex => Buffer.from(Name.parse(text).toWire()).toString('hex');
const text = (value: string): Hex =>
  Buffer.concat([Buffer.of(value.length), Buffer.from(value, 'latin1')]).toString('hex');
const target = name('target.corpus.example');
const soa = `${name('ns.corpus.example')}${name('host.corpus.example')}${'00000001'.repeat(4)}00000e10`;
const signature = `0001080200000e10600000005f000000ec45${name('corpus.example')}${'ab'.repeat(64)}`;
const bitmap = '0006400100000003';

/** RDATA of each known type: usual, and as odd as its RFC allows. */
const rdata: Readonly<Record<string, readonly Hex[]>> = {
  A: ['c0000201', '00000000', 'ffffffff', 'c0a80101'],
  NS: [target, QUESTION, `016e${QUESTION}`, '00', name('n\\.s.exa\\000mple')],
  MD: [target],
  MF: [target],
  SOA: [soa, `0000${'ff'.repeat(20)}`, `${QUESTION}${QUESTION}${'00'.repeat(20)}`],
  MB: [target],
  MG: [target],
  MR: [target],
  NULL: ['', 'ff', '00'.repeat(300)],
  WKS: ['c000020106', 'c000020106ff00ff'],
  PTR: [target, QUESTION],
  HINFO: ['0000', `${text('RFC8482')}00`],
  MINFO: [`${target}${target}`, `${QUESTION}00`],
  MX: [`000a${target}`, `000000`, `ffff${QUESTION}`],
  TXT: ['00', '000000', text('a'.repeat(255)), text('\\"é\n\0'), text('x').repeat(100)],
  RP: [`${target}00`],
  AFSDB: [`0001${target}`],
  X25: [text('311061700956')],
  ISDN: [text('150862028003217')],
  RT: [`000a${target}`],
  NSAP: ['47000580005a0000000001e133ffffff00016100'],
  SIG: [`${'00'.repeat(18)}00ff`],
  KEY: ['02000305', '02000305aabb'],
  PX: [`000a${target}${target}`],
  AAAA: [`20010db8${'00'.repeat(11)}01`, '00'.repeat(16)],
  LOC: ['00121613892d9f0070be15f000988d20', '01'],
  NXT: [`${target}40`],
  SRV: [`000100020003${target}`, `00000000000000`, `000100020003${QUESTION}`],
  NAPTR: [`00010002${text('S')}${text('SIP+D2U')}00${target}`, '0000000000000000'],
  KX: [`0001${target}`],
  CERT: ['0001000005aabb', '0001000005'],
  DNAME: [target, '00'],
  APL: ['', '000118030a0000', '0003ff02aabb'],
  DS: ['ec45050100', `ec4505${'01'.repeat(21)}`, '00000000'],
  SSHFP: ['0101aa', '0101'],
  IPSECKEY: ['0a0102c0000201aabb', '0a0001', '0a0f02aabb'],
  RRSIG: [signature],
  NSEC: [`${target}${bitmap}`, '00'],
  DNSKEY: ['01010308aabb', '0101030d'],
  DHCID: ['000001aabb'],
  NSEC3: [`0100000a02aabb14${'01'.repeat(20)}${bitmap}`, `0100000a0014${'01'.repeat(20)}`],
  NSEC3PARAM: ['0100000000'],
  TLSA: ['030101aa', '030101'],
  SMIMEA: ['030101aa'],
  HIP: ['04020001aabbccddee'],
  CDS: ['0000000000'],
  CDNSKEY: ['0000030000'],
  OPENPGPKEY: ['aabb'],
  CSYNC: [`000000420003${bitmap}`],
  ZONEMD: [`0000000101f0${'aa'.repeat(12)}`],
  SVCB: [`0000${target}`, '000100', '000100000000020001 00010003026832 00ff0000'],
  HTTPS: [`0000${target}`, '000100', `0001${QUESTION} 00010003026832 0003000201bb`, '000100 029b0000'],
  SPF: [text('v=spf1 -all')],
  NID: ['000a0014aabbccddeeff'],
  L32: ['000ac0000201'],
  L64: ['000a20010db800000001'],
  LP: [`000a${target}`],
  EUI48: ['00005e005301'],
  EUI64: ['00005e0053010203'],
  URI: ['000a00012e', `000a0001${Buffer.from('https://a/').toString('hex')}`],
  CAA: ['000161', `8005${Buffer.from('issue').toString('hex')}3b`],
  DSYNC: [`0000010035${target}`],
  HHIT: ['aabb'],
  BRID: ['aabb'],
  AMTRELAY: ['0a010a000001'],
  RESINFO: [text('qnamemin')],
  WALLET: [`${text('BTC')}${text('bc1q')}`],
  TYPE65400: ['', '00', 'c00c', 'ff'.repeat(500)],
  TYPE1024: ['c0ffee'],
};

/** Every record type, and messages of odd and legal shapes. */
export const cases: CorpusCase[] = [];
for (const [mnemonic, list] of Object.entries(rdata)) {
  const type = typeFromText(mnemonic) ?? { X25: 19, ISDN: 20, NSAP: 22 }[mnemonic];
  if (type === undefined) throw new Error(`${mnemonic} is not a type`);
  for (const [i, value] of list.entries())
    cases.push({ what: `${mnemonic} ${i}`, type, answers: [{ type, rdata: value }] });
  if (list.length > 1)
    cases.push({ what: `${mnemonic}, a set`, type, answers: list.map((value) => ({ type, rdata: value })) });
}

const a = (address: string, owner?: Hex | Name, ttl?: number): Shape => ({
  type: Type.A,
  rdata: Buffer.from(address.split('.').map(Number)).toString('hex'),
  ...(owner === undefined ? {} : { owner }),
  ...(ttl === undefined ? {} : { ttl }),
});
const alias = (owner: Hex | Name, to: string): Shape => ({ owner, type: Type.CNAME, rdata: name(to) });
const opt = (options: Hex = ''): Hex =>
  `00002904d000000000${(options.length / 2).toString(16).padStart(4, '0')}${options}`;
const longest = Name.fromLabels(['a'.repeat(63), 'b'.repeat(63), 'c'.repeat(63), 'l'.repeat(61)]);
const anyOctets = Name.fromLabels(['\0\x01 .\\"@', '\xff\xe9', 'corpus', 'example']);

cases.push(
  {
    what: 'owners written out',
    name: Name.parse('whole.corpus.example'),
    type: Type.A,
    answers: [a('192.0.2.1', Name.parse('whole.corpus.example'))],
  },
  {
    what: 'owners in another case',
    name: Name.parse('upper.corpus.example'),
    type: Type.A,
    answers: [a('192.0.2.1', Name.parse('UPPER.Corpus.EXAMPLE'))],
  },
  {
    what: 'an owner half compressed',
    name: Name.parse('half.corpus.example'),
    type: Type.A,
    answers: [a('192.0.2.1', '0468616c66c011')],
  },
  {
    what: 'TTLs of 0, 2^31 - 1 and above',
    type: Type.A,
    answers: [
      a('192.0.2.1', undefined, 0),
      a('192.0.2.2', undefined, 0x7fff_ffff),
      a('192.0.2.3', undefined, 0xffff_ffff),
    ],
  },
  {
    what: 'different TTLs in a set',
    type: Type.A,
    answers: [a('192.0.2.1', undefined, 60), a('192.0.2.2', undefined, 600)],
  },
  { what: 'the same record twice', type: Type.A, answers: [a('192.0.2.1'), a('192.0.2.1')] },
  {
    what: 'two hundred records',
    type: Type.A,
    answers: Array.from({ length: 200 }, (_, i) => a(`192.0.2.${i}`)),
  },
  {
    what: 'a chain of aliases',
    type: Type.A,
    answers: [
      alias(QUESTION, 'b.corpus.example'),
      alias(Name.parse('b.corpus.example'), 'c.corpus.example'),
      a('192.0.2.1', Name.parse('c.corpus.example')),
    ],
  },
  {
    what: 'a chain of aliases from its end',
    type: Type.A,
    answers: [
      a('192.0.2.1', Name.parse('c.corpus.example')),
      alias(Name.parse('b.corpus.example'), 'c.corpus.example'),
      alias(QUESTION, 'b.corpus.example'),
    ],
  },
  {
    what: 'an alias and its target beside data',
    type: Type.A,
    answers: [
      alias(QUESTION, 'b.corpus.example'),
      a('192.0.2.1'),
      a('192.0.2.2', Name.parse('b.corpus.example')),
    ],
  },
  { what: 'an alias asked for itself', type: Type.CNAME, answers: [alias(QUESTION, 'b.corpus.example')] },
  {
    what: 'a DNAME with its CNAME',
    name: Name.parse('x.dname.corpus.example'),
    type: Type.A,
    answers: [
      { owner: Name.parse('dname.corpus.example'), type: Type.DNAME, rdata: name('new.corpus.example') },
      alias(QUESTION, 'x.new.corpus.example'),
      a('192.0.2.1', Name.parse('x.new.corpus.example')),
    ],
  },
  {
    what: 'a signature beside the data',
    type: Type.A,
    answers: [a('192.0.2.1'), { type: Type.RRSIG, rdata: signature }],
  },
  {
    what: 'name servers with glue',
    type: Type.NS,
    answers: [{ type: Type.NS, rdata: target }],
    authorities: [{ owner: name('corpus.example'), type: Type.NS, rdata: target }],
    additionals: [
      a('192.0.2.53', target),
      { owner: target, type: Type.AAAA, rdata: `20010db8${'00'.repeat(12)}` },
    ],
  },
  {
    what: 'NODATA',
    type: Type.A,
    authorities: [{ owner: name('corpus.example'), type: Type.SOA, rdata: soa, ttl: 300 }],
  },
  {
    what: 'NODATA with proofs',
    type: Type.A,
    authorities: [
      { owner: name('corpus.example'), type: Type.SOA, rdata: soa, ttl: 300 },
      { type: Type.NSEC, rdata: `${target}${bitmap}`, ttl: 300 },
    ],
  },
  {
    what: 'NXDOMAIN',
    type: Type.A,
    rcode: 3,
    authorities: [{ owner: name('corpus.example'), type: Type.SOA, rdata: soa, ttl: 300 }],
  },
  {
    what: 'NXDOMAIN behind an alias',
    type: Type.A,
    rcode: 3,
    answers: [{ ...alias(QUESTION, 'gone.corpus.example'), ttl: 300 }],
    authorities: [{ owner: name('corpus.example'), type: Type.SOA, rdata: soa, ttl: 300 }],
  },
  { what: 'NXDOMAIN without SOA', type: Type.A, rcode: 3 },
  { what: 'NOERROR with nothing', type: Type.A },
  {
    what: 'OPT before the other additional records',
    type: Type.MX,
    answers: [{ type: Type.MX, rdata: `000a${target}` }],
    additionals: [a('192.0.2.25', target)],
    opt: opt(),
    isOptFirst: true,
  },
  {
    what: 'options that nobody asked for',
    type: Type.A,
    answers: [a('192.0.2.1')],
    opt: opt(
      '00080007000118 00cb0071'.replace(' ', '') +
        '000a0018' +
        '01'.repeat(24) +
        '000c000400000000' +
        'fde80000',
    ),
  },
  {
    what: 'octets behind the message',
    type: Type.A,
    answers: [a('192.0.2.1')],
    opt: opt(),
    tail: '00'.repeat(40),
  },
  { what: 'a name of 255 octets', name: longest, type: Type.A, answers: [a('192.0.2.1')] },
  {
    what: 'a name of any octets',
    name: anyOctets,
    type: Type.TXT,
    answers: [{ type: Type.TXT, rdata: text('x') }],
  },
  { what: 'a wildcard', name: Name.parse('*.corpus.example'), type: Type.A, answers: [a('192.0.2.1')] },
  {
    what: 'the root',
    name: Name.root,
    type: Type.NS,
    answers: [{ owner: '00', type: Type.NS, rdata: name('a.root-servers.net') }],
  },
  {
    what: 'far more than a datagram',
    type: Type.TXT,
    answers: Array.from({ length: 200 }, (_, i) => ({
      type: Type.TXT,
      rdata: text(`${i}`.padEnd(250, 'y')),
    })),
  },
  {
    what: 'names beyond 16 kB',
    type: Type.MX,
    answers: Array.from({ length: 400 }, (_, i) => ({
      type: Type.MX,
      rdata: `000a${name(`mail-exchange-number-${i}.some.what.longer.domain.corpus.example`)}`,
    })),
  },
);

/** The octets of a reply to `received`, record by record as the case has them. */
export function buildReply(one: CorpusCase, received: ReceivedQuery): Buffer {
  const question = received.bytes.subarray(
    HEADER_LENGTH,
    HEADER_LENGTH + received.question.name.wireLength + 4,
  );
  const { answers = [], authorities = [], additionals = [], opt: optRecord } = one;
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt16BE(received.message.id, 0);
  header.writeUInt16BE(0x8180 | (one.rcode ?? 0), 2);
  const counts = [
    1,
    answers.length,
    authorities.length,
    additionals.length + (optRecord === undefined ? 0 : 1),
  ];
  for (const [i, count] of counts.entries()) header.writeUInt16BE(count, 4 + 2 * i);
  const octets = [...answers, ...authorities].map(buildRecord);
  const last = additionals.map(buildRecord);
  const extra = optRecord === undefined ? [] : [Buffer.from(optRecord, 'hex')];
  const rest = one.isOptFirst === true ? [...extra, ...last] : [...last, ...extra];
  return Buffer.concat([header, question, ...octets, ...rest, Buffer.from(one.tail ?? '', 'hex')]);
}

function buildRecord({ owner = QUESTION, type, ttl = 600, rdata: value }: Shape): Buffer {
  const fixed = Buffer.alloc(10);
  const octets = Buffer.from(value.replaceAll(' ', ''), 'hex');
  fixed.writeUInt16BE(type, 0);
  fixed.writeUInt16BE(Class.IN, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(octets.length, 8);
  const name = typeof owner === 'string' ? Buffer.from(owner, 'hex') : owner.toWire();
  return Buffer.concat([name, fixed, octets]);
}
