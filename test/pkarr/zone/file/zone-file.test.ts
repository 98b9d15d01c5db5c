import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { recordToText } from '../../../../src/dns/presentation.ts';
import { noteToText, ZoneFileError } from '../../../../src/pkarr/zone/file/error.ts';
import { MAX_ZONE_FILE_LENGTH, parseZoneFile } from '../../../../src/pkarr/zone/file/zone-file.ts';
import { processorTime } from '../../../support/processor-time.ts';
import { testKeyPair } from '../../packets.ts';

const { name: origin, text: key } = testKeyPair().publicKey;
const other = testKeyPair(2).publicKey.text;

/** The records of a zone file as lines, KEY standing for the key and IN left out. */
function read(text: string, defaultTtl?: number): string[] {
  const { records } = parseZoneFile(text.replaceAll(/\bKEY\b/g, key), {
    origin,
    ...(defaultTtl === undefined ? {} : { defaultTtl }),
  });
  return records.map((record) => recordToText(record).replaceAll(key, 'KEY').replace(' IN ', ' '));
}

function warningsOf(text: string): string[] {
  const zone = text.replaceAll(/\bKEY\b/g, key).replaceAll('OTHER', other);
  return parseZoneFile(zone, { origin }).warnings.map((note) =>
    noteToText(note).replaceAll(key, 'KEY').replaceAll(other, 'OTHER'),
  );
}

function faultsOf(text: string): string[] {
  try {
    parseZoneFile(text.replaceAll(/\bKEY\b/g, key), { origin });
  } catch (error) {
    assert.ok(error instanceof ZoneFileError);
    assert.equal(error.message, error.faults.map(noteToText).join('\n'));
    return error.faults.map(noteToText);
  }
  assert.fail(`no fault in: ${text}`);
}

test('owner names always end up under the key', () => {
  const owners: [string, string][] = [
    ['@', 'KEY.'],
    ['.', 'KEY.'],
    ['www', 'www.KEY.'],
    ['a.b', 'a.b.KEY.'],
    ['KEY', 'KEY.'],
    ['KEY.', 'KEY.'],
    ['www.KEY', 'www.KEY.'],
    ['www.KEY.', 'www.KEY.'],
    ['example.com.', 'example.com.KEY.'],
    ['*', '*.KEY.'],
    ['_443._tcp', '_443._tcp.KEY.'],
    ['a\\.b', 'a\\.b.KEY.'],
    ['a\\.', 'a\\..KEY.'],
    ['\\@', '\\@.KEY.'],
    ['\\065', 'A.KEY.'],
  ];
  for (const [owner, name] of owners)
    assert.deepEqual(read(`${owner} 60 A 192.0.2.1`), [`${name} 60 A 192.0.2.1`]);
  assert.deepEqual(read(`www.${key.toUpperCase()} 60 A 192.0.2.1`), ['www.KEY. 60 A 192.0.2.1']);
});

test('names in data are relative without a final dot and as they stand with one', () => {
  const targets: [string, string][] = [
    ['@', 'KEY.'],
    ['www', 'www.KEY.'],
    ['www.KEY', 'www.KEY.'],
    ['example.com.', 'example.com.'],
    ['example.com', 'example.com.KEY.'],
    ['.', '.'],
    [`${other}.`, `${other}.`],
  ];
  for (const [target, name] of targets)
    assert.deepEqual(read(`a 60 CNAME ${target}`), [`a.KEY. 60 CNAME ${name}`]);
});

test('$ORIGIN moves relative names, and @', () => {
  assert.deepEqual(
    read('$ORIGIN sub\n@ 60 A 192.0.2.1\nwww CNAME @\n$ORIGIN deep\n@ MX 5 mail\n$ORIGIN KEY.\nx NS @'),
    [
      'sub.KEY. 60 A 192.0.2.1',
      'www.sub.KEY. 60 CNAME sub.KEY.',
      'deep.sub.KEY. 60 MX 5 mail.deep.sub.KEY.',
      'x.KEY. 60 NS KEY.',
    ],
  );
});

test('a record without TTL takes $TTL, else the last TTL that was written, else the default', () => {
  assert.deepEqual(
    read(
      'a A 192.0.2.1\nb 5 A 192.0.2.1\nc A 192.0.2.1\n$TTL 1h\nd A 192.0.2.1\ne 7 A 192.0.2.1\nf A 192.0.2.1',
      42,
    ),
    [
      'a.KEY. 42 A 192.0.2.1',
      'b.KEY. 5 A 192.0.2.1',
      'c.KEY. 5 A 192.0.2.1',
      'd.KEY. 3600 A 192.0.2.1',
      'e.KEY. 7 A 192.0.2.1',
      'f.KEY. 3600 A 192.0.2.1',
    ],
  );
});

test('times may have units', () => {
  const times: [string, number][] = [
    ['0', 0],
    ['90', 90],
    ['90s', 90],
    ['1m30', 90],
    ['1h30m', 5400],
    ['1W2D3H4M5S', 788_645],
    ['2147483647', 2_147_483_647],
  ];
  for (const [time, seconds] of times)
    assert.deepEqual(read(`a ${time} A 192.0.2.1`), [`a.KEY. ${seconds} A 192.0.2.1`]);
});

test('class and TTL may be left out and stand in either order', () => {
  for (const line of [
    'a 60 IN A 192.0.2.1',
    'a IN 60 A 192.0.2.1',
    'a 60 in a 192.0.2.1',
    'a CLASS1 60 TYPE1 192.0.2.1',
  ]) {
    assert.deepEqual(read(line), ['a.KEY. 60 A 192.0.2.1'], line);
  }
});

test('a line that begins with white space has the owner of the record before', () => {
  assert.deepEqual(read('a 60 A 192.0.2.1\n  A 192.0.2.2\n\t; only a comment\n\n\t30 TXT x'), [
    'a.KEY. 60 A 192.0.2.1',
    'a.KEY. 60 A 192.0.2.2',
    'a.KEY. 30 TXT "x"',
  ]);
});

test('parentheses join lines, and comments and blank lines say nothing', () => {
  const soa =
    '; a zone\r\n\r\n@ 60 SOA ns.example. me.example. ( ; serial follows\r\n  1 ; serial\r\n  2h 3 (4\n';
  assert.equal(faultsOf(soa).length, 1);
  assert.deepEqual(
    read(
      '; a zone\r\n\r\n@ 60 SOA ns.example. me.example. ( ; serial follows\r\n  1 ; (serial\r\n  2h\n\n3 4\n) 5 ; end\r\na(A)192.0.2.1',
    ),
    ['KEY. 60 SOA ns.example. me.example. 1 7200 3 4 5', 'a.KEY. 60 A 192.0.2.1'],
  );
});

test('quoted strings keep white space, semicolons and parentheses; escapes give any octet', () => {
  assert.deepEqual(read('@ 1 TXT "a ; (b) \\"c\\" \\\\ \\065\\000" plain "" "tab\there" a\\ b "é"'), [
    'KEY. 1 TXT "a ; (b) \\"c\\" \\\\ A\\000" "plain" "" "tab\\009here" "a b" "\\195\\169"',
  ]);
});

test('a text over 255 octets is cut into strings, never a name or another string', () => {
  const [line = ''] = read(`@ 1 TXT "${'x'.repeat(400)}"`);
  assert.equal(line, `KEY. 1 TXT "${'x'.repeat(255)}" "${'x'.repeat(145)}"`);
  assert.match(faultsOf(`@ HINFO ${'x'.repeat(256)} y`)[0] ?? '', /CPU is 256 octets long; at most 255/);
});

test('every type that has a form of its own is read from it', () => {
  const lines = [
    'A 192.0.2.1',
    'AAAA 2001:db8::1',
    'AAAA ::',
    'AAAA ::ffff:192.0.2.1',
    'NS ns.example.',
    'DNAME example.',
    'PTR host.example.',
    'MX 10 mail.example.',
    'TXT "one" "two"',
    'SPF "v=spf1 -all"',
    'SRV 1 2 8080 host.example.',
    'CAA 0 issue "ca.example; policy=ev"',
    'CAA 128 iodef "mailto:a@example.com"',
    'HINFO "AMD64" "Linux 6"',
    'RP me.example. text.example.',
    'AFSDB 1 afs.example.',
    'KX 1 kx.example.',
    'NAPTR 100 10 "U" "E2U+sip" "!^.*$!sip:info@example.com!" .',
    'URI 10 1 "https://example.com/a?b=c"',
    'DS 12345 13 2 0123456789abcdef',
    'CDS 0 0 0 00',
    'DNSKEY 257 3 13 AAECAwQFBgcICQ==',
    'CDNSKEY 0 3 0 AA==',
    'TLSA 3 1 1 0123456789abcdef',
    'SMIMEA 3 0 1 00ff',
    'SSHFP 4 2 0123456789abcdef',
    'OPENPGPKEY mQENBFVHm5sBCA==',
    'SOA ns.example. me.example. 1 2 3 4 5',
    'HTTPS 1 .',
    'HTTPS 0 www.example.',
    'SVCB 1 svc.example. mandatory=alpn,port alpn=h2,h3 no-default-alpn port=8443 ipv4hint=192.0.2.1,192.0.2.2 ech=AEj+DQ== ipv6hint=2001:db8::1 dohpath=/dns-query{?dns} ohttp',
    'SVCB 16 foo.example. alpn="f\\\\\\\\oo\\\\,bar,h2"',
    'HTTPS 1 . key667=hello key668="a b\\210c" key669',
    'TYPE65400 \\# 3 abcdef',
    'TYPE65401 \\# 0',
    'LOC \\# 16 00000000000000000000000000000000',
  ];
  for (const line of lines) assert.deepEqual(read(`a 60 ${line}`), [`a.KEY. 60 ${line}`]);
});

test('the vectors of RFC 9460 Appendix D have the octets that stand there', () => {
  const vectors: [string, string][] = [
    ['HTTPS 0 foo.example.com.', '000003666f6f076578616d706c6503636f6d00'],
    ['SVCB 1 .', '000100'],
    ['SVCB 16 foo.example.com. port=53', '001003666f6f076578616d706c6503636f6d00000300020035'],
    ['SVCB 1 foo.example.com. key667=hello', '000103666f6f076578616d706c6503636f6d00029b000568656c6c6f'],
    [
      'SVCB 1 foo.example.com. key667="hello\\210qoo"',
      '000103666f6f076578616d706c6503636f6d00029b000968656c6c6fd2716f6f',
    ],
    [
      'SVCB 1 foo.example.com. ipv6hint="2001:db8::1,2001:db8::53:1"',
      '000103666f6f076578616d706c6503636f6d0000060020' +
        '20010db800000000000000000000000120010db8000000000000000000530001',
    ],
    [
      'SVCB 16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1',
      '001003666f6f076578616d706c65036f7267000000000400010004000100090268320568332d313900040004c0000201',
    ],
    [
      'SVCB 16 foo.example.org. alpn="f\\\\\\\\oo\\\\,bar,h2"',
      '001003666f6f076578616d706c65036f7267000001000c08665c6f6f2c626172026832',
    ],
    [
      'SVCB 16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2',
      '001003666f6f076578616d706c65036f7267000001000c08665c6f6f2c626172026832',
    ],
  ];
  for (const [line, hex] of vectors) {
    const [record] = parseZoneFile(`@ ${line}`, { origin }).records;
    assert.equal(Buffer.from(record?.rdata ?? []).toString('hex'), hex, line);
  }
});

test('a fault names its line and column and what is accepted', () => {
  const faults: [string, RegExp][] = [
    ['a A 999.1.1.1', /^line 1, column 5: "999\.1\.1\.1" is not an IPv4 address such as 192\.0\.2\.1\.$/],
    ['\n\n  a A 192.0.2.1', /^line 3, column 3: .*white space/],
    ['a A 192.0.2.01', /not an IPv4 address/],
    ['a A', /^line 1, column 3: The address is missing: A takes address\.$/],
    ['a A 192.0.2.1 192.0.2.2', /^line 1, column 15: "192\.0\.2\.2" is too much/],
    ['a AAAA 192.0.2.1', /not an IPv6 address/],
    ['a AAAA fe80::1%eth0', /not an IPv6 address/],
    ['a AAAA 1::2::3', /not an IPv6 address/],
    ['a AAAA 1:2:3:4:5:6:7::8', /not an IPv6 address/],
    ['a MX mail.example.', /preference must be a whole number from 0 to 65535, not "mail\.example\."/],
    ['a MX 65536 mail', /preference/],
    ['a MX 10', /The host name is missing: MX takes preference and host name/],
    ['a SRV 1 2 x host', /port must be a whole number/],
    ['a AAAAA ::1', /"AAAAA" is not a record type/],
    ['a', /record type is missing/],
    ['a 60', /record type is missing/],
    ['a "A" 192.0.2.1', /"A" is not a record type/],
    ['a ANY x', /ANY is for questions/],
    ['a OPT \\# 0', /OPT is for questions/],
    ['a CH TXT x', /Only class IN can be published, not "CH"/],
    ['a 1x A 192.0.2.1', /TTL must be seconds from 0 to 2147483647, or a time such as 1h30m, not "1x"/],
    ['a 2147483648 A 192.0.2.1', /TTL must be/],
    ['$TTL', /After \$TTL its value is missing/],
    ['$TTL 1h 2h', /takes one value; "2h" is too much/],
    ['$INCLUDE other.zone', /"\$INCLUDE" is not supported; \$ORIGIN and \$TTL are/],
    ['a..b A 192.0.2.1', /has a dot with nothing before it/],
    ['.a A 192.0.2.1', /has a dot with nothing before it/],
    [`${'x'.repeat(64)} A 192.0.2.1`, /over 63 octets/],
    [`${'x.'.repeat(110)}y A 192.0.2.1`, /over 255 octets/],
    [`${'x.'.repeat(5000)}y A 192.0.2.1`, /over 255 octets/],
    ['a\\256 A 192.0.2.1', /each backslash must stand before a character or three digits/],
    ['a\\1 A 192.0.2.1', /each backslash/],
    ['@ TXT "\\999"', /each backslash/],
    ['@ TXT a\\', /each backslash/],
    ['münchen A 192.0.2.1', /outside ASCII; write it in its xn-- form/],
    ['"a" A 192.0.2.1', /without quotation marks/],
    ['@ TXT "open', /^line 1, column 7: This quotation mark has no partner/],
    ['@ SOA a b (\n1 2 3 4 5', /^line 1, column 11: This parenthesis is never closed/],
    ['@ TXT (a (b))', /do not nest/],
    ['@ TXT a)', /no open parenthesis/],
    ['@ CAA 0 is-sue x', /tag must be ASCII letters and digits/],
    ['@ DS 1 2 3 xyz', /digest must be hexadecimal digits/],
    ['@ DS 1 2 3 abc', /two hexadecimal digits for each octet/],
    ['@ DNSKEY 1 2 3 A', /must be base64/],
    ['@ DNSKEY 1 2 3 AB==', /must be base64/],
    ['@ TYPE65400 abc', /as RFC 3597 says/],
    ['@ TYPE65400 \\# 2 abcdef', /length says 2 octets, but 3 follow/],
    ['@ TYPE65400 \\#', /length in octets is missing/],
    ['@ A \\# 3 abcdef', /These octets are no A data/],
    ['@ CNAME \\# 2 c00c', /These octets are no/],
    ['@ MX \\# 0', /These octets are no/],
    ['@ HTTPS 1 . alpn', /alpn must list/],
    ['@ HTTPS 1 . alpn=h2,,h3', /alpn must list/],
    ['@ HTTPS 1 . alpn=h2 alpn=h3', /alpn is given twice/],
    ['@ HTTPS 1 . port=70000', /port must be a whole number/],
    ['@ HTTPS 1 . ipv4hint=192.0.2.256', /must be IPv4 addresses/],
    ['@ HTTPS 1 . no-default-alpn', /needs alpn/],
    ['@ HTTPS 1 . no-default-alpn=1 alpn=h2', /stands alone/],
    ['@ HTTPS 1 . mandatory=port', /mandatory needs port beside it/],
    ['@ HTTPS 1 . mandatory=mandatory', /mandatory must list other parameters/],
    ['@ HTTPS 1 . mandatory=port,port port=1', /mandatory must list/],
    ['@ HTTPS 1 . key070=x', /is not a service parameter/],
    ['@ HTTPS 1 . key3=x', /no right value for port/],
    ['@ HTTPS 1 . nonsense=x', /is not a service parameter/],
    [`@ OPENPGPKEY ${'AAAA'.repeat(22_000)}`, /over 65535 octets/],
    [';'.repeat(MAX_ZONE_FILE_LENGTH + 1), /at most 262144 are read/],
  ];
  for (const [text, message] of faults) {
    const found = faultsOf(text);
    assert.equal(found.length, 1, text.slice(0, 80));
    assert.match(found[0] ?? '', message, text.slice(0, 80));
  }
});

test('all faults of a file are told, in its order, 100 at most', () => {
  const found = faultsOf('a A 1\nb A 192.0.2.1\nc TXT "x\nd AAAA 2\n$ORIGIN\ne MX 1 m)\nf A 3');
  assert.deepEqual(
    found.map((text) => text.slice(0, 8)),
    ['line 1, ', 'line 3, ', 'line 4, ', 'line 5, ', 'line 6, ', 'line 7, '],
  );
  const many = 'a A x\n'.repeat(500);
  assert.throws(
    () => parseZoneFile(many, { origin }),
    (error) =>
      error instanceof ZoneFileError && error.faults.length === 100 && /and 400 more$/.test(error.message),
  );
});

test('what is probably not meant is warned of', () => {
  const warnings: [string, string[]][] = [
    ['@ A 192.0.2.1\nwww CNAME @\n@ MX 5 mail\nsub.x CNAME a.y\n*.y A 192.0.2.1', []],
    [
      'example.com. A 192.0.2.1',
      ['line 1, column 1: "example.com." is not under the key; it will be published as example.com.KEY.'],
    ],
    ['a CNAME b\na A 192.0.2.1', ['line 2, column 1: a.KEY. has a CNAME record, which hides its A record.']],
    ['a CNAME b\na CNAME c', ['line 2, column 1: a.KEY. has two CNAME records; resolvers follow only one.']],
    [
      'a A 192.0.2.1\nA A 192.0.2.1',
      ['line 2, column 1: This A record stands here twice; it is published once.'],
    ],
    [
      'a 60 A 192.0.2.1\na 30 A 192.0.2.2',
      [
        'line 2, column 1: The TTL is 30, but 60 for another A record of this name; resolvers use the smaller.',
      ],
    ],
    [
      'a CNAME OTHER',
      [
        'line 1, column 9: "OTHER" has no final dot, so it means OTHER.KEY.; write the dot to point at that key.',
      ],
    ],
    [
      'a CNAME example.com',
      [
        'line 1, column 9: "example.com" has no final dot, so it means example.com.KEY., for which there is no record.',
      ],
    ],
    ['a CNAME x.y\nx.y A 192.0.2.1\nb CNAME q.d\nd DNAME e', []],
  ];
  for (const [text, expected] of warnings) assert.deepEqual(warningsOf(text), expected, text);
});

test('whatever the text is, it gives records or the one error', () => {
  const word = fc.oneof(
    fc.constantFrom(
      '@',
      '$TTL',
      '$ORIGIN',
      'A',
      'TXT',
      'HTTPS',
      'IN',
      '(',
      ')',
      '"',
      ';',
      '\\',
      '\\#',
      '=',
      'alpn=',
      '1h',
      '\n',
      '\r\n',
      ' ',
      '\t',
      '\f',
      '\u00a0',
      '\0',
    ),
    fc.string({ unit: 'binary', maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 30 }), fc.constantFrom('', ' '), (words, separator) => {
      try {
        parseZoneFile(words.join(separator), { origin });
      } catch (error) {
        assert.ok(error instanceof ZoneFileError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});

test('a file takes time in proportion to its length', () => {
  const parse = (text: string): void => {
    try {
      parseZoneFile(text, { origin });
    } catch (error) {
      assert.ok(error instanceof ZoneFileError);
    }
  };
  for (const piece of [
    'a A 192.0.2.1\n',
    '( ',
    '"',
    '\\',
    'a.',
    'x CNAME a.b.c\n',
    '@ TXT "\\000\\000"\n',
    '=""',
    ';\n',
  ]) {
    const times = (length: number) => {
      const text = piece.repeat(Math.floor(length / piece.length));
      return processorTime(() => parse(text), 3);
    };
    times(20_000);
    const short = Math.max(times(20_000), 500_000);
    const long = times(200_000);
    assert.ok(long < short * 60, `${JSON.stringify(piece)}: ${short} ns, ${long} ns for ten times the text`);
  }
});
