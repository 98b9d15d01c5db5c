import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Class, Type, typeFromText } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import { rdataToText, recordToText } from '../../../src/dns/presentation/rdata-text.ts';
import { encodePacketMessage } from '../../../src/pkarr/packet-message.ts';
import { SignedPacket } from '../../../src/pkarr/signed-packet.ts';
import type { ZoneAnswer } from '../../../src/pkarr/zone/answer.ts';
import { lookupZone, type ZoneLookupOptions } from '../../../src/pkarr/zone/zone.ts';
import { nameUnder, packetOf, testKeyPair } from '../packets.ts';

const { publicKey: key } = testKeyPair();
const other = testKeyPair(2).publicKey.text;

/** An answer as lines, one for its kind and one for each record, KEY and OTHER standing for the keys. */
function render(answer: ZoneAnswer): string[] {
  const lines: string[] = [];
  switch (answer.kind) {
    case 'answer':
      lines.push('answer', ...answer.records.map(recordToText));
      lines.push(...answer.serviceTargets.map(({ mode, target }) => `${mode} at ${target}`));
      break;
    case 'alias':
      lines.push(`alias to ${answer.target}`);
      break;
    case 'referral':
      lines.push(`referral for ${answer.name}`, ...answer.servers.map(recordToText));
      lines.push(...answer.glue.map((record) => `glue ${recordToText(record)}`));
      break;
    case 'loop':
      lines.push(`loop, ${answer.why}`);
      break;
    case 'no-data':
    case 'name-error':
      lines.push(`${answer.kind} ${answer.soa.ttl}`);
      break;
    case 'name-too-long':
      lines.push(answer.kind);
  }
  lines.splice(1, 0, ...answer.chain.map((record) => `by ${recordToText(record)}`));
  return lines.map((line) =>
    line.replaceAll(key.text, 'KEY').replaceAll(other, 'OTHER').replaceAll(' IN ', ' '),
  );
}

function ask(zone: string, name: string, type: string, options?: ZoneLookupOptions): string[] {
  const packet = packetOf(`$TTL 300\n${zone.replaceAll('OTHER', other)}`);
  const question = { name: nameUnder(key, name), type: typeFromText(type) ?? 0, class: Class.IN };
  return render(lookupZone(packet, question, options));
}

interface Case {
  readonly rule: string;
  readonly zone: string;
  /** Name, type, and the lines of the answer. */
  readonly asked: readonly (readonly [name: string, type: string, ...lines: string[]])[];
}

const hosts = '$TTL 60\n@ A 192.0.2.1\nwww A 192.0.2.2\nwww A 192.0.2.3\nwww TXT hello\na.b.c A 192.0.2.4';

const cases: readonly Case[] = [
  {
    rule: 'a name with data of the type gives the RRset, the apex too',
    zone: hosts,
    asked: [
      ['KEY', 'A', 'answer', 'KEY. 60 A 192.0.2.1'],
      ['www.KEY', 'A', 'answer', 'www.KEY. 60 A 192.0.2.2', 'www.KEY. 60 A 192.0.2.3'],
      ['www.KEY', 'TXT', 'answer', 'www.KEY. 60 TXT "hello"'],
    ],
  },
  {
    rule: 'a name is found in any case and the answer has the case of the question',
    zone: hosts,
    asked: [['wWw.KEY', 'TXT', 'answer', 'wWw.KEY. 60 TXT "hello"']],
  },
  {
    rule: 'a name without data of the type is NODATA, a name that is not there NXDOMAIN',
    zone: hosts,
    asked: [
      ['www.KEY', 'MX', 'no-data 300'],
      ['KEY', 'MX', 'no-data 300'],
      ['ftp.KEY', 'A', 'name-error 300'],
      ['deep.below.www.KEY', 'A', 'name-error 300'],
      ['z.b.c.KEY', 'A', 'name-error 300'],
    ],
  },
  {
    rule: 'an empty non-terminal is NODATA',
    zone: hosts,
    asked: [
      ['b.c.KEY', 'A', 'no-data 300'],
      ['c.KEY', 'TXT', 'no-data 300'],
      ['c.KEY', 'ANY', 'no-data 300'],
    ],
  },
  {
    rule: 'an empty packet has an apex and nothing else',
    zone: '',
    asked: [
      ['KEY', 'A', 'no-data 300'],
      ['www.KEY', 'A', 'name-error 300'],
    ],
  },
  {
    rule: 'ANY gives one RRset, the first of the packet, a CNAME where there is one',
    zone: `${hosts}\nalias CNAME www\n*.w CNAME www`,
    asked: [
      ['www.KEY', 'ANY', 'answer', 'www.KEY. 60 A 192.0.2.2', 'www.KEY. 60 A 192.0.2.3'],
      ['alias.KEY', 'ANY', 'answer', 'alias.KEY. 60 CNAME www.KEY.'],
      ['x.w.KEY', 'ANY', 'answer', 'x.w.KEY. 60 CNAME www.KEY.'],
      ['nothing.KEY', 'ANY', 'name-error 300'],
    ],
  },
  {
    rule: 'types that are unknown pass as they are',
    zone: '@ TYPE65400 \\# 3 abcdef',
    asked: [
      ['KEY', 'TYPE65400', 'answer', 'KEY. 300 TYPE65400 \\# 3 abcdef'],
      ['KEY', 'TYPE65401', 'no-data 300'],
    ],
  },
  {
    rule: 'an RRset has each record once and its smallest TTL',
    zone: 'a 600 A 192.0.2.1\na 30 A 192.0.2.2\na 60 A 192.0.2.3',
    asked: [
      ['a.KEY', 'A', 'answer', 'a.KEY. 30 A 192.0.2.1', 'a.KEY. 30 A 192.0.2.2', 'a.KEY. 30 A 192.0.2.3'],
    ],
  },
  {
    rule: 'a CNAME is followed inside the packet',
    zone: 'one 10 CNAME two\ntwo 20 CNAME three\nthree 30 A 192.0.2.1\nlost CNAME gone\nempty CNAME three',
    asked: [
      [
        'one.KEY',
        'A',
        'answer',
        'by one.KEY. 10 CNAME two.KEY.',
        'by two.KEY. 20 CNAME three.KEY.',
        'three.KEY. 30 A 192.0.2.1',
      ],
      ['one.KEY', 'CNAME', 'answer', 'one.KEY. 10 CNAME two.KEY.'],
      ['lost.KEY', 'A', 'name-error 300', 'by lost.KEY. 300 CNAME gone.KEY.'],
      ['empty.KEY', 'MX', 'no-data 300', 'by empty.KEY. 300 CNAME three.KEY.'],
    ],
  },
  {
    rule: 'a CNAME out of the packet is handed on with its target',
    zone: 'ext CNAME example.com.\nkey CNAME sub.OTHER.\nroot CNAME .\nin CNAME ext',
    asked: [
      ['ext.KEY', 'A', 'alias to example.com.', 'by ext.KEY. 300 CNAME example.com.'],
      ['key.KEY', 'A', 'alias to sub.OTHER.', 'by key.KEY. 300 CNAME sub.OTHER.'],
      ['root.KEY', 'A', 'alias to .', 'by root.KEY. 300 CNAME .'],
      [
        'in.KEY',
        'AAAA',
        'alias to example.com.',
        'by in.KEY. 300 CNAME ext.KEY.',
        'by ext.KEY. 300 CNAME example.com.',
      ],
    ],
  },
  {
    rule: 'a CNAME at the apex works, and hides the data beside it for every type but its own',
    zone: '@ CNAME example.com.\n@ A 192.0.2.1\nwww A 192.0.2.2',
    asked: [
      ['KEY', 'A', 'alias to example.com.', 'by KEY. 300 CNAME example.com.'],
      ['KEY', 'MX', 'alias to example.com.', 'by KEY. 300 CNAME example.com.'],
      ['KEY', 'CNAME', 'answer', 'KEY. 300 CNAME example.com.'],
      ['www.KEY', 'A', 'answer', 'www.KEY. 300 A 192.0.2.2'],
    ],
  },
  {
    rule: 'of two CNAME records at a name the first counts',
    zone: 'a CNAME one.example.\na CNAME two.example.',
    asked: [
      ['a.KEY', 'A', 'alias to one.example.', 'by a.KEY. 300 CNAME one.example.'],
      ['a.KEY', 'CNAME', 'answer', 'a.KEY. 300 CNAME one.example.'],
    ],
  },
  {
    rule: 'aliases in a circle are a loop',
    zone: 'self CNAME self\na CNAME b\nb CNAME A',
    asked: [
      ['self.KEY', 'A', 'loop, repeats', 'by self.KEY. 300 CNAME self.KEY.'],
      ['a.KEY', 'A', 'loop, repeats', 'by a.KEY. 300 CNAME b.KEY.', 'by b.KEY. 300 CNAME A.KEY.'],
      ['self.KEY', 'CNAME', 'answer', 'self.KEY. 300 CNAME self.KEY.'],
    ],
  },
  {
    rule: 'a wildcard answers for every name below that does not exist',
    zone: '*.w A 192.0.2.1\n*.w TXT text\nreal.w A 192.0.2.2\nd.e.w A 192.0.2.3',
    asked: [
      ['x.w.KEY', 'A', 'answer', 'x.w.KEY. 300 A 192.0.2.1'],
      ['X.y.w.KEY', 'A', 'answer', 'X.y.w.KEY. 300 A 192.0.2.1'],
      ['x.w.KEY', 'MX', 'no-data 300'],
      ['w.KEY', 'A', 'no-data 300'],
      ['real.w.KEY', 'A', 'answer', 'real.w.KEY. 300 A 192.0.2.2'],
      ['real.w.KEY', 'TXT', 'no-data 300'],
    ],
  },
  {
    rule: 'a wildcard does not reach past a name that exists, even an empty one',
    zone: '*.w A 192.0.2.1\nreal.w A 192.0.2.2\nd.e.w A 192.0.2.3',
    asked: [
      ['x.real.w.KEY', 'A', 'name-error 300'],
      ['x.e.w.KEY', 'A', 'name-error 300'],
      ['e.w.KEY', 'A', 'no-data 300'],
      ['x.d.e.w.KEY', 'A', 'name-error 300'],
    ],
  },
  {
    rule: 'a wildcard can be asked for by its own name',
    zone: '*.w A 192.0.2.1\na.*.v A 192.0.2.2',
    asked: [
      ['*.w.KEY', 'A', 'answer', '*.w.KEY. 300 A 192.0.2.1'],
      ['x.*.w.KEY', 'A', 'name-error 300'],
      ['*.KEY', 'A', 'name-error 300'],
      ['*.v.KEY', 'A', 'no-data 300'],
      ['x.v.KEY', 'A', 'no-data 300'],
      ['a.x.v.KEY', 'A', 'no-data 300'],
      ['a.*.v.KEY', 'A', 'answer', 'a.*.v.KEY. 300 A 192.0.2.2'],
    ],
  },
  {
    rule: 'a wildcard at the apex answers for everything that does not exist',
    zone: '* A 192.0.2.1\nwww A 192.0.2.2',
    asked: [
      ['a.b.c.KEY', 'A', 'answer', 'a.b.c.KEY. 300 A 192.0.2.1'],
      ['x.www.KEY', 'A', 'name-error 300'],
      ['KEY', 'A', 'no-data 300'],
    ],
  },
  {
    rule: 'a wildcard CNAME makes an alias of the name asked',
    zone: '*.w CNAME www\nwww A 192.0.2.1\n*.x CNAME y.x',
    asked: [
      ['q.w.KEY', 'A', 'answer', 'by q.w.KEY. 300 CNAME www.KEY.', 'www.KEY. 300 A 192.0.2.1'],
      ['q.w.KEY', 'CNAME', 'answer', 'q.w.KEY. 300 CNAME www.KEY.'],
      ['q.x.KEY', 'A', 'loop, repeats', 'by q.x.KEY. 300 CNAME y.x.KEY.', 'by y.x.KEY. 300 CNAME y.x.KEY.'],
    ],
  },
  {
    rule: 'a wildcard DNAME or NS makes nothing up',
    zone: '*.d DNAME example.\n*.n NS ns.example.',
    asked: [
      ['x.d.KEY', 'A', 'no-data 300'],
      ['x.d.KEY', 'DNAME', 'answer', 'x.d.KEY. 300 DNAME example.'],
      ['x.n.KEY', 'A', 'no-data 300'],
      [
        'x.*.d.KEY',
        'A',
        'alias to x.example.',
        'by *.d.KEY. 300 DNAME example.',
        'by x.*.d.KEY. 300 CNAME x.example.',
      ],
    ],
  },
  {
    rule: 'a DNAME rewrites what is below it and not itself',
    zone: 'd 45 DNAME t\nd A 192.0.2.9\na.t A 192.0.2.1\next DNAME example.com.\nhidden.d A 192.0.2.8',
    asked: [
      [
        'a.d.KEY',
        'A',
        'answer',
        'by d.KEY. 45 DNAME t.KEY.',
        'by a.d.KEY. 45 CNAME a.t.KEY.',
        'a.t.KEY. 300 A 192.0.2.1',
      ],
      ['d.KEY', 'A', 'answer', 'd.KEY. 300 A 192.0.2.9'],
      ['d.KEY', 'DNAME', 'answer', 'd.KEY. 45 DNAME t.KEY.'],
      ['b.d.KEY', 'A', 'name-error 300', 'by d.KEY. 45 DNAME t.KEY.', 'by b.d.KEY. 45 CNAME b.t.KEY.'],
      [
        'hidden.d.KEY',
        'A',
        'name-error 300',
        'by d.KEY. 45 DNAME t.KEY.',
        'by hidden.d.KEY. 45 CNAME hidden.t.KEY.',
      ],
      [
        'A.b.Ext.KEY',
        'A',
        'alias to A.b.example.com.',
        'by Ext.KEY. 300 DNAME example.com.',
        'by A.b.Ext.KEY. 300 CNAME A.b.example.com.',
      ],
    ],
  },
  {
    rule: 'a DNAME at the apex moves the whole zone, the apex itself excepted',
    zone: '@ DNAME OTHER.\n@ A 192.0.2.1',
    asked: [
      ['KEY', 'A', 'answer', 'KEY. 300 A 192.0.2.1'],
      ['www.KEY', 'A', 'alias to www.OTHER.', 'by KEY. 300 DNAME OTHER.', 'by www.KEY. 300 CNAME www.OTHER.'],
    ],
  },
  {
    rule: 'a DNAME into itself ends',
    zone: 'd DNAME d\ne DNAME x.e',
    asked: [
      ['a.d.KEY', 'A', 'loop, repeats', 'by d.KEY. 300 DNAME d.KEY.', 'by a.d.KEY. 300 CNAME a.d.KEY.'],
    ],
  },
  {
    rule: 'a name at or below a delegation is referred, with the glue that is there',
    zone: 'sub 90 NS ns.sub\nsub 90 NS ns.example.\nns.sub A 192.0.2.53\nns.sub AAAA 2001:db8::53\nsub TXT hidden\ndeep.sub NS ns.other.',
    asked: [
      ...(['sub.KEY', 'x.sub.KEY', 'ns.sub.KEY', 'x.deep.sub.KEY', '*.sub.KEY'] as const).map(
        (name) =>
          [
            name,
            'A',
            `referral for ${name}.`,
            'sub.KEY. 90 NS ns.sub.KEY.',
            'sub.KEY. 90 NS ns.example.',
            'glue ns.sub.KEY. 300 A 192.0.2.53',
            'glue ns.sub.KEY. 300 AAAA 2001:db8::53',
          ] as const,
      ),
    ],
  },
  {
    rule: 'every type at the cut is referred, NS too, but DS is answered from above',
    zone: 'sub NS ns.example.\nsub TXT hidden\nsigned NS ns.example.\nsigned DS 1 13 2 abcd',
    asked: [
      ['sub.KEY', 'NS', 'referral for sub.KEY.', 'sub.KEY. 300 NS ns.example.'],
      ['sub.KEY', 'TXT', 'referral for sub.KEY.', 'sub.KEY. 300 NS ns.example.'],
      ['sub.KEY', 'ANY', 'referral for sub.KEY.', 'sub.KEY. 300 NS ns.example.'],
      ['sub.KEY', 'DS', 'no-data 300'],
      ['signed.KEY', 'DS', 'answer', 'signed.KEY. 300 DS 1 13 2 abcd'],
      ['x.signed.KEY', 'DS', 'referral for x.signed.KEY.', 'signed.KEY. 300 NS ns.example.'],
    ],
  },
  {
    rule: 'NS at the apex is data and no delegation',
    zone: '@ NS ns\nns A 192.0.2.53\nwww A 192.0.2.1',
    asked: [
      ['KEY', 'NS', 'answer', 'KEY. 300 NS ns.KEY.'],
      ['KEY', 'A', 'no-data 300'],
      ['www.KEY', 'A', 'answer', 'www.KEY. 300 A 192.0.2.1'],
      ['x.KEY', 'A', 'name-error 300'],
    ],
  },
  {
    rule: 'NS that can name no server, such as a URL, are data and no delegation, but one that can makes them one',
    zone: '_did TXT v=0\n_did NS https://dht.example.\n_k0._did TXT id=0\nsub NS https://dht.example.\nsub NS ns_1.example.',
    asked: [
      ['_did.KEY', 'TXT', 'answer', '_did.KEY. 300 TXT "v=0"'],
      ['_did.KEY', 'NS', 'answer', '_did.KEY. 300 NS https://dht.example.'],
      ['_k0._did.KEY', 'TXT', 'answer', '_k0._did.KEY. 300 TXT "id=0"'],
      [
        'sub.KEY',
        'TXT',
        'referral for sub.KEY.',
        'sub.KEY. 300 NS https://dht.example.',
        'sub.KEY. 300 NS ns_1.example.',
      ],
    ],
  },
  {
    rule: 'an alias that leads below a delegation is referred with the name it leads to',
    zone: 'sub NS ns.example.\nwww CNAME host.sub',
    asked: [
      [
        'www.KEY',
        'A',
        'referral for host.sub.KEY.',
        'by www.KEY. 300 CNAME host.sub.KEY.',
        'sub.KEY. 300 NS ns.example.',
      ],
    ],
  },
  {
    rule: 'no wildcard answers below a delegation',
    zone: '* A 192.0.2.1\nsub NS ns.example.\n*.sub A 192.0.2.2',
    asked: [['x.sub.KEY', 'A', 'referral for x.sub.KEY.', 'sub.KEY. 300 NS ns.example.']],
  },
  {
    rule: 'HTTPS and SVCB tell where they lead: alias mode to ask again, service mode for addresses',
    zone: '@ HTTPS 0 www\nwww HTTPS 1 . alpn=h2\nwww HTTPS 2 cdn.example. port=8443\nnone HTTPS 0 .\n_dns SVCB 1 dns.example. alpn=dot',
    asked: [
      ['KEY', 'HTTPS', 'answer', 'KEY. 300 HTTPS 0 www.KEY.', 'alias at www.KEY.'],
      [
        'www.KEY',
        'HTTPS',
        'answer',
        'www.KEY. 300 HTTPS 1 . alpn=h2',
        'www.KEY. 300 HTTPS 2 cdn.example. port=8443',
        'service at www.KEY.',
        'service at cdn.example.',
      ],
      ['none.KEY', 'HTTPS', 'answer', 'none.KEY. 300 HTTPS 0 .'],
      ['_dns.KEY', 'SVCB', 'answer', '_dns.KEY. 300 SVCB 1 dns.example. alpn=dot', 'service at dns.example.'],
      ['KEY', 'A', 'no-data 300'],
    ],
  },
  {
    rule: 'a packet’s own SOA is used, and its TTL in a negative answer is at most its MINIMUM',
    zone: '@ 900 SOA ns.example. me.example. 7 1h 20m 1w 120\nwww SOA x. y. 1 1 1 1 1',
    asked: [
      ['KEY', 'SOA', 'answer', 'KEY. 900 SOA ns.example. me.example. 7 3600 1200 604800 120'],
      ['KEY', 'A', 'no-data 120'],
      ['x.KEY', 'A', 'name-error 120'],
    ],
  },
  {
    rule: 'the apex of every packet has an SOA record',
    zone: 'www A 192.0.2.1',
    asked: [
      ['KEY', 'SOA', 'answer', 'KEY. 300 SOA KEY. nobody.invalid. 1700000000 3600 1200 604800 300'],
      ['KEY', 'ANY', 'answer', 'KEY. 300 SOA KEY. nobody.invalid. 1700000000 3600 1200 604800 300'],
      ['www.KEY', 'SOA', 'no-data 300'],
    ],
  },
];

for (const { rule, zone, asked } of cases) {
  test(rule, () => {
    for (const [name, type, ...lines] of asked)
      assert.deepEqual(ask(zone, name, type), lines, `${name} ${type}`);
  });
}

test('at most 16 aliases are followed, or as many as are left', () => {
  const zone = (length: number) =>
    `${Array.from({ length }, (_, i) => `n${i} CNAME n${i + 1}`).join('\n')}\nn${length} A 192.0.2.1`;
  assert.equal(ask(zone(16), 'n0.KEY', 'A')[0], 'answer');
  assert.equal(ask(zone(17), 'n0.KEY', 'A')[0], 'loop, too-many-steps');
  assert.equal(ask(zone(3), 'n0.KEY', 'A', { maxSteps: 3 })[0], 'answer');
  assert.equal(ask(zone(3), 'n0.KEY', 'A', { maxSteps: 2 })[0], 'loop, too-many-steps');
  assert.equal(ask(zone(3), 'n3.KEY', 'A', { maxSteps: 0 })[0], 'answer');
});

test('the steps used are told, one for a CNAME and one for a DNAME', () => {
  const packet = packetOf('a CNAME b\nb CNAME x.d\nd DNAME e\nx.e A 192.0.2.1');
  const question = { name: nameUnder(key, 'a.KEY'), type: Type.A, class: Class.IN };
  assert.equal(lookupZone(packet, question).steps, 3);
});

test('a DNAME whose substitution is over 255 octets says so', () => {
  const long = Array.from({ length: 3 }, () => 'x'.repeat(60)).join('.');
  const zone = `d DNAME ${'y'.repeat(20)}.${'z'.repeat(20)}`;
  const [kind, ...chain] = ask(zone, `${long}.d.KEY`, 'A');
  assert.equal(kind, 'name-too-long');
  assert.equal(chain.length, 1);
});

test('a DNAME that makes the name grow ends by the limit of steps', () => {
  assert.equal(ask('e DNAME x.e', 'a.e.KEY', 'A')[0], 'loop, too-many-steps');
});

test('a name of 255 octets is answered', () => {
  // 54 octets for the key with the root, and 201 before.
  const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(8)}.KEY`;
  assert.equal(nameUnder(key, long).wireLength, 255);
  assert.deepEqual(ask('* A 192.0.2.1', long, 'A')[0], 'answer');
  assert.deepEqual(ask('www A 192.0.2.1', long, 'A')[0], 'name-error 300');
  const parent = long.slice(64);
  assert.deepEqual(ask(`${long} A 192.0.2.1`, `x.${parent}`, 'A')[0], 'name-error 300');
});

test('the negative TTL can be chosen', () => {
  assert.deepEqual(ask('', 'x.KEY', 'A', { negativeTtl: 7 }), ['name-error 7']);
});

test('labels may hold any octets, dots and spaces too', () => {
  assert.equal(ask('a\\.b A 192.0.2.1', 'a\\.b.KEY', 'A')[0], 'answer');
  assert.equal(ask('a\\.b A 192.0.2.1', 'a.b.KEY', 'A')[0], 'name-error 300');
  assert.equal(ask('*.x A 192.0.2.1', 'a\\032b\\000.x.KEY', 'A')[0], 'answer');
});

test('a question outside the zone is a mistake of the caller', () => {
  const packet = packetOf('@ A 192.0.2.1');
  for (const name of [Name.root, Name.parse('com'), Name.parse(`${key.text}.com`)]) {
    assert.throws(() => lookupZone(packet, { name, type: Type.A, class: Class.IN }), RangeError);
  }
});

test('a record repeated in a packet is answered once', () => {
  const record = {
    name: key.name,
    type: Type.A,
    class: Class.IN,
    ttl: 60,
    rdata: Uint8Array.of(192, 0, 2, 1),
  };
  const packet = SignedPacket.sign(
    testKeyPair(),
    encodePacketMessage([record, { ...record, ttl: 20 }, record]),
    1n,
  );
  const answer = lookupZone(packet, { name: key.name, type: Type.A, class: Class.IN });
  assert.ok(answer.kind === 'answer');
  assert.deepEqual(
    answer.records.map(({ ttl, type, rdata }) => `${ttl} ${rdataToText(type, rdata)}`),
    ['20 192.0.2.1'],
  );
});
