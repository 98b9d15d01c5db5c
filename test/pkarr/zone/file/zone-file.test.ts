import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordToText } from '../../../../src/dns/presentation/rdata-text.ts';
import { MAX_ZONE_FILE_LENGTH } from '../../../../src/pkarr/zone/file/entry-reader.ts';
import { messageToText, ZoneFileError } from '../../../../src/pkarr/zone/file/error.ts';
import { parseZoneFile } from '../../../../src/pkarr/zone/file/zone-file.ts';
import { processorTime } from '../../../support/processor-time.ts';
import { fc } from '../../../support/property.ts';
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
  return parseZoneFile(zone, { origin }).warnings.map((warning) =>
    messageToText(warning).replaceAll(key, 'KEY').replaceAll(other, 'OTHER'),
  );
}

function errorsOf(text: string): string[] {
  try {
    parseZoneFile(text.replaceAll(/\bKEY\b/g, key), { origin });
  } catch (error) {
    assert.ok(error instanceof ZoneFileError);
    assert.equal(error.message, error.errors.map(messageToText).join('\n'));
    return error.errors.map(messageToText);
  }
  assert.fail(`no error in: ${text}`);
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

test('names in data are relative without a trailing dot and absolute with one', () => {
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
  assert.equal(errorsOf(soa).length, 1);
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
  assert.match(
    errorsOf(`@ HINFO ${'x'.repeat(256)} y`)[0] ?? '',
    /CPU is 256 octets long; at most 255 are allowed/,
  );
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
    'LOC \\# 16 01000000000000000000000000000000',
    'LOC 42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m',
    'CERT PGP 12345 13 mQENBFVHm5sBCA==',
    'APL 1:192.168.32.0/21 !1:192.168.38.0/28 2:ff00::/8',
    'APL \\# 0',
    'IPSECKEY 10 1 2 192.0.2.38 AQNRU3mG7TVTO2BkR47usg==',
    'IPSECKEY 10 3 0 gateway.example.',
    'HIP 2 200100107b1a74df365639cc39f1d578 AwEAAbdxyhNu rvs1.example. rvs2.example.',
    'CSYNC 66 3 A NS AAAA',
    'ZONEMD 2018031500 1 1 0123456789abcdef01234567',
    'DSYNC CDS NOTIFY 5359 scanner.example.',
    'HHIT AAECAwQF',
    'BRID AAECAwQF',
    'NID 10 0014:4fff:ff20:ee64',
    'L32 10 10.1.2.0',
    'L64 10 2001:0db8:1140:1000',
    'LP 10 l64-subnet1.example.',
    'EUI48 00-00-5e-00-53-2a',
    'EUI64 00-00-5e-ef-10-00-00-2a',
    'AMTRELAY 128 1 3 amtrelays.example.',
    'RESINFO "qnamemin" "exterr=15-17"',
    'WALLET "BTC" "bc1qexample"',
    'SVCB 1 . docpath',
    'SVCB 1 . tls-supported-groups=29,23 docpath=dns,query',
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

test('an error has its line and column and says what is expected', () => {
  const expected: [string, RegExp][] = [
    ['a A 999.1.1.1', /^line 1, column 5: "999\.1\.1\.1" is not an IPv4 address such as 192\.0\.2\.1\.$/],
    ['\n\n  a A 192.0.2.1', /^line 3, column 3: .*white space/],
    ['a A 192.0.2.01', /not an IPv4 address/],
    ['a A', /^line 1, column 3: The address is missing: A takes address\.$/],
    ['a A 192.0.2.1 192.0.2.2', /^line 1, column 15: "192\.0\.2\.2" is not expected: A takes address/],
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
    ['a ANY x', /ANY is not a type of records/],
    ['a OPT \\# 0', /OPT is not a type of records/],
    ['a CH TXT x', /Only class IN can be published, not "CH"/],
    ['a 1x A 192.0.2.1', /TTL must be seconds from 0 to 2147483647, or a time such as 1h30m, not "1x"/],
    ['a 2147483648 A 192.0.2.1', /TTL must be/],
    ['$TTL', /The value of \$TTL is missing/],
    ['$TTL 1h 2h', /"2h" is not expected: \$TTL takes one value/],
    ['$INCLUDE other.zone', /Files cannot be included here/],
    ['$include', /Files cannot be included here/],
    ['$GENERATE 1-2 a A 192.0.2.$', /"\$GENERATE" is not supported; \$ORIGIN, \$TTL and \$INCLUDE are/],
    ['a..b A 192.0.2.1', /has an empty label/],
    ['.a A 192.0.2.1', /has an empty label/],
    [`${'x'.repeat(64)} A 192.0.2.1`, /longer than 63 octets/],
    [`${'x.'.repeat(110)}y A 192.0.2.1`, /longer than 255 octets/],
    [`${'x.'.repeat(5000)}y A 192.0.2.1`, /longer than 255 octets/],
    ['a\\256 A 192.0.2.1', /a backslash must be followed by a character or by three digits/],
    ['a\\1 A 192.0.2.1', /a backslash must be/],
    ['@ TXT "\\999"', /a backslash must be/],
    ['@ TXT a\\', /a backslash must be/],
    ['münchen A 192.0.2.1', /has non-ASCII characters; write its xn-- form/],
    ['"a" A 192.0.2.1', /must not be quoted/],
    ['@ TXT "open', /^line 1, column 7: This quotation mark is never closed on its line/],
    ['@ SOA a b (\n1 2 3 4 5', /^line 1, column 11: This parenthesis is never closed/],
    ['@ TXT (a (b))', /Parentheses cannot be nested/],
    ['@ TXT a)', /This parenthesis was never opened/],
    ['@ CAA 0 is-sue x', /tag must be ASCII letters and digits/],
    ['@ URI 1 2 ""', /The target must not be empty/],
    ['@ DS 1 2 3 xyz', /digest must be hexadecimal digits/],
    ['@ DS 1 2 3 abc', /odd number of hexadecimal digits/],
    ['@ DNSKEY 1 2 3 A', /must be base64/],
    ['@ DNSKEY 1 2 3 AB==', /must be base64/],
    ['@ TYPE65400 abc', /generic form of RFC 3597/],
    ['@ TYPE65400 \\# 2 abcdef', /length is 2 octets, but 3 follow/],
    ['@ TYPE65400 \\#', /length in octets after \\# is missing/],
    ['@ A \\# 3 abcdef', /These octets are not valid A data/],
    ['@ CNAME \\# 2 c00c', /These octets are not valid/],
    ['@ MX \\# 0', /These octets are not valid/],
    ['@ HTTPS 1 . alpn', /alpn must be a comma-separated list of protocol names/],
    ['@ HTTPS 1 . alpn=h2,,h3', /alpn must be a comma-separated list of protocol names/],
    ['@ HTTPS 1 . alpn=h2 alpn=h3', /Duplicate parameter alpn/],
    ['@ HTTPS 1 . port=70000', /port must be a whole number/],
    [
      '@ HTTPS 1 . ipv4hint=192.0.2.256',
      /ipv4hint must be a comma-separated list of IPv4 addresses, not "192\.0\.2\.256"/,
    ],
    ['@ HTTPS 1 . no-default-alpn', /no-default-alpn requires alpn, which is missing/],
    ['@ HTTPS 1 . no-default-alpn=1 alpn=h2', /no-default-alpn takes no value/],
    ['@ HTTPS 1 . mandatory=port', /mandatory requires port, which is missing/],
    ['@ HTTPS 1 . mandatory=mandatory', /mandatory must be a comma-separated list of other parameters/],
    ['@ HTTPS 1 . mandatory=port,port port=1', /mandatory must be/],
    ['@ HTTPS 1 . key070=x', /is not a service parameter/],
    ['@ HTTPS 1 . key3=x', /"key3=x" is not a valid port/],
    ['@ HTTPS 1 . nonsense=x', /is not a service parameter/],
    ['@ HTTPS 1 . dohpath', /dohpath must be a path with the variable dns, such as \/dns-query\{\?dns\}/],
    ['@ HTTPS 1 . dohpath=/dns-query', /dohpath must be a path with the variable dns/],
    ['@ HTTPS 1 . dohpath=https://a/{?dns}', /dohpath must be a path/],
    ['@ HTTPS 1 . key7', /"key7" is not a valid dohpath/],
    ['@ HTTPS 1 . docpath=a,,b', /docpath must be a comma-separated list of path segments/],
    [
      '@ HTTPS 1 . tls-supported-groups=29,29',
      /must be a comma-separated list of numbers of TLS groups, each once/,
    ],
    [
      '@ HTTPS 1 . tls-supported-groups',
      /tls-supported-groups must be a comma-separated list of numbers of TLS groups/,
    ],
    [
      '@ DS 1 RSASHA257 1 ab',
      /^line 1, column 8: "RSASHA257" is not a DNSSEC algorithm, such as 13 or ECDSAP256SHA256/,
    ],
    ['@ DS 1 256 1 ab', /"256" is not a DNSSEC algorithm/],
    ['@ CERT PIKX 1 2 AA==', /"PIKX" is not a certificate type/],
    ['@ LOC 91 N 0 E 0', /^line 1, column 7: The degrees of the latitude are not valid: "91"/],
    ['@ LOC 90 0 0.001 N 0 E 0', /latitude must be at most 90 degrees/],
    ['@ LOC 1 60 N 0 E 0', /^line 1, column 9: The minutes of the latitude are not valid/],
    ['@ LOC 1 N', /The longitude is missing/],
    ['@ LOC 1 2 3 4 N', /latitude must end with N or S, not "4"/],
    ['@ LOC 1 N 2 E', /The altitude is missing/],
    ['@ LOC 1 N 2 E high', /altitude must be a length in metres, such as 10m/],
    ['@ LOC 1 N 2 E 0 -1', /size must be from 0m to 90000000m/],
    ['@ LOC 1 N 2 E 0 1 2 3 4', /"4" is not expected: LOC takes latitude/],
    ['@ APL 192.0.2.0/24', /is not an address prefix; write one such as 1:192\.0\.2\.0\/24/],
    ['@ APL 1:192.0.2.0/33', /is not an address prefix/],
    ['@ APL 3:00/1', /is not an address prefix/],
    ['@ IPSECKEY 1 4 2 . AA==', /gateway type must be a whole number from 0 to 3/],
    ['@ IPSECKEY 1 1 2 2001:db8:: AA==', /gateway of type 1 must be an IPv4 address/],
    ['@ IPSECKEY 1 0 2 x AA==', /gateway of type 0 must be a dot/],
    ['@ IPSECKEY 1 0', /The algorithm is missing/],
    ['@ IPSECKEY 1 0 2 .', /The public key is missing/],
    ['@ IPSECKEY 1 0 0 . AA==', /"AA==" is not expected: IPSECKEY takes precedence/],
    ['@ IPSECKEY 1 0 2 . !', /public key must be base64/],
    ['@ AMTRELAY 1 2 0 .', /discovery-optional flag must be a whole number from 0 to 1/],
    ['@ AMTRELAY 1 1 0 . x', /"x" is not expected: AMTRELAY takes precedence/],
    ['@ HIP 2 xyz AA==', /host identity tag must be hexadecimal digits/],
    ['@ HIP 2 ab', /The public key is missing/],
    ['@ HIP 2 ab AA== a..b', /has an empty label/],
    ['@ CSYNC 1 2 A B', /^line 1, column 15: "B" is not a record type/],
    ['@ EUI48 00-00-5e-00-53', /"00-00-5e-00-53" is not an EUI-48 address such as 00-00-5e-00-53-2a/],
    ['@ NID 1 2001:db8::1', /"2001:db8::1" is not a locator such as 0014:4fff:ff20:ee64/],
    ['@ DSYNC CDS INFORM 1 .', /"INFORM" is not a scheme/],
    ['@ DSYNC CDX NOTIFY 1 .', /"CDX" is not a record type/],
    [`@ OPENPGPKEY ${'AAAA'.repeat(22_000)}`, /longer than 65535 octets/],
    [';'.repeat(MAX_ZONE_FILE_LENGTH + 1), /longer than 262144 characters/],
  ];
  for (const [text, message] of expected) {
    const found = errorsOf(text);
    assert.equal(found.length, 1, text.slice(0, 80));
    assert.match(found[0] ?? '', message, text.slice(0, 80));
  }
});

test('all errors of a file are reported, in its order, up to 100', () => {
  const found = errorsOf('a A 1\nb A 192.0.2.1\nc TXT "x\nd AAAA 2\n$ORIGIN\ne MX 1 m)\nf A 3');
  assert.deepEqual(
    found.map((text) => text.slice(0, 8)),
    ['line 1, ', 'line 3, ', 'line 4, ', 'line 5, ', 'line 6, ', 'line 7, '],
  );
  const many = 'a A x\n'.repeat(500);
  assert.throws(
    () => parseZoneFile(many, { origin }),
    (error) =>
      error instanceof ZoneFileError && error.errors.length === 100 && /and 400 more$/.test(error.message),
  );
});

test('what is probably not intended is a warning', () => {
  const warnings: [string, string[]][] = [
    ['@ A 192.0.2.1\nwww CNAME @\n@ MX 5 mail\nsub.x CNAME a.y\n*.y A 192.0.2.1', []],
    [
      'example.com. A 192.0.2.1',
      ['line 1, column 1: "example.com." is not under the key; it will be published as example.com.KEY.'],
    ],
    ['a CNAME b\na A 192.0.2.1', ['line 2, column 1: a.KEY. has a CNAME record, which hides its A record.']],
    [
      'a CNAME b\na CNAME c',
      ['line 2, column 1: a.KEY. has several CNAME records; resolvers follow only one.'],
    ],
    ['a A 192.0.2.1\nA A 192.0.2.1', ['line 2, column 1: Duplicate A record; it is published once.']],
    [
      'a 60 A 192.0.2.1\na 30 A 192.0.2.2',
      [
        'line 2, column 1: The TTL is 30, but 60 for another A record of this name; resolvers use the smaller.',
      ],
    ],
    [
      'a CNAME OTHER',
      [
        'line 1, column 9: "OTHER" has no trailing dot, so it means OTHER.KEY.; add the dot to point to that key.',
      ],
    ],
    [
      'a CNAME example.com',
      [
        'line 1, column 9: "example.com" has no trailing dot, so it means example.com.KEY., for which the zone has no record. Write "example.com." if that was meant.',
      ],
    ],
    ['a CNAME x.y\nx.y A 192.0.2.1\nb CNAME q.d\nd DNAME e', []],
    [
      'a CNAME b\na A 192.0.2.1\na A 192.0.2.2\na CNAME c\na TXT x',
      [
        'line 2, column 1: a.KEY. has a CNAME record, which hides its A record.',
        'line 4, column 1: a.KEY. has several CNAME records; resolvers follow only one.',
        'line 5, column 1: a.KEY. has a CNAME record, which hides its TXT record.',
      ],
    ],
    [
      'a DNAME b\na DNAME c',
      ['line 2, column 1: a.KEY. has several DNAME records; resolvers follow only one.'],
    ],
    ['a DNAME b\na A 192.0.2.1\na TXT x', []],
    [
      'a DNAME b\nx.y.a A 192.0.2.1\nx.y.a TXT x\nz.a TXT x',
      [
        'line 2, column 1: x.y.a.KEY. is below a.KEY., whose DNAME record hides it.',
        'line 4, column 1: z.a.KEY. is below a.KEY., whose DNAME record hides it.',
      ],
    ],
    [
      '@ DNAME example.com.\na TXT x',
      ['line 2, column 1: a.KEY. is below KEY., whose DNAME record hides it.'],
    ],
    [
      'sub NS ns.sub\nns.sub A 192.0.2.1\nwww.sub TXT x\n@ NS a\na A 192.0.2.1\nb TXT x',
      ['line 3, column 1: www.sub.KEY. is below sub.KEY., whose NS records delegate it to other servers.'],
    ],
    [
      '@ MX 5 mail.example.com\n* A 192.0.2.1',
      [
        'line 1, column 8: "mail.example.com" has no trailing dot, so it means mail.example.com.KEY., for which the zone has no record. Write "mail.example.com." if that was meant.',
      ],
    ],
    [
      '@ NS ns.example.com',
      [
        'line 1, column 6: "ns.example.com" has no trailing dot, so it means ns.example.com.KEY., for which the zone has no record. Write "ns.example.com." if that was meant.',
      ],
    ],
    [
      '@ TXT “hello world”\n@ TXT "“quoted”"\nb HTTPS 1 . alpn=“h2”',
      [
        'line 1, column 7: “ is a typographic quotation mark, which quotes nothing here; use " instead.',
        'line 3, column 13: “ is a typographic quotation mark, which quotes nothing here; use " instead.',
      ],
    ],
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
