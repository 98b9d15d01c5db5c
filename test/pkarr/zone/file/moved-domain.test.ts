import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Name } from '../../../../src/dns/name.ts';
import { recordToText } from '../../../../src/dns/presentation/rdata-text.ts';
import { KeyPair } from '../../../../src/pkarr/key-pair.ts';
import { ZoneFileError } from '../../../../src/pkarr/zone/file/error.ts';
import { MovedDomain } from '../../../../src/pkarr/zone/file/moved-domain.ts';
import { parseZoneFile } from '../../../../src/pkarr/zone/file/zone-file.ts';
import { fc } from '../../../support/property.ts';

const key = KeyPair.generate().publicKey;

function parse(text: string, domain = 'example.com') {
  return parseZoneFile(text, { origin: key.name, moved: new MovedDomain(Name.parse(domain)) });
}

/** Records with KEY in place of the key. */
function recordsOf(text: string, domain?: string): readonly string[] {
  return parse(text, domain).records.map((record) => recordToText(record).replaceAll(key.text, 'KEY'));
}

function errorsOf(text: string): readonly string[] {
  try {
    parse(text);
    return [];
  } catch (error) {
    assert.ok(error instanceof ZoneFileError);
    return error.errors.map(({ line, message }) => `${line}: ${message}`);
  }
}

test('names of the domain become names of the key, as owners and as targets, and others stay', () => {
  assert.deepEqual(
    recordsOf(`EXAMPLE.com. A 192.0.2.1
www.Example.Com. CNAME example.COM.
a.b MX 10 mail
c CNAME www.example.net.
d CNAME notexample.com.
e SRV 0 0 1 .
f CNAME other.${key.text}.
g.${key.text}. A 192.0.2.2
@ TXT "www.example.com."
`),
    [
      'KEY. 300 IN A 192.0.2.1',
      'www.KEY. 300 IN CNAME KEY.',
      'a.b.KEY. 300 IN MX 10 mail.KEY.',
      'c.KEY. 300 IN CNAME www.example.net.',
      'd.KEY. 300 IN CNAME notexample.com.',
      'e.KEY. 300 IN SRV 0 0 1 .',
      'f.KEY. 300 IN CNAME other.KEY.',
      'g.KEY. 300 IN A 192.0.2.2',
      'KEY. 300 IN TXT "www.example.com."',
    ],
  );
});

test('an origin above the domain means what it did', () => {
  assert.deepEqual(
    recordsOf(
      '$ORIGIN .\nexample.com SOA ns1.example.com root 1 2 3 4 5\n TXT "x"\nwww.example.com CNAME example.com\n$ORIGIN com.\nmail.example A 192.0.2.1\n',
    ),
    ['KEY. 300 IN TXT "x"', 'www.KEY. 300 IN CNAME KEY.', 'mail.KEY. 300 IN A 192.0.2.1'],
  );
});

test('servers and signatures of the old zone are left out, whatever their data; a delegation below stays', () => {
  const text = `@ SOA whatever
@ NS ns1
 RRSIG nonsense
sub NS ns.sub
ns.sub A 192.0.2.1
* NSEC a A
@ DNSKEY x
`;
  assert.deepEqual(recordsOf(text), ['sub.KEY. 300 IN NS ns.sub.KEY.', 'ns.sub.KEY. 300 IN A 192.0.2.1']);
  assert.deepEqual(parse(text).notes, [
    'Left out: SOA (line 1) and NS (line 2) of example.com, which tell of its name servers; a key has none.',
    'Left out: RRSIG (line 3), NSEC (line 6) and DNSKEY (line 7), which belong to DNSSEC; a packet has a signature of its own.',
  ]);
});

test('a TTL of 1 is published as 300 from Cloudflare alone, and its proxy is warned of', () => {
  const cloudflare =
    'a 1 A 192.0.2.1 ; x; cf_tags=b:"c",cf-proxied:true\nb 1 A 192.0.2.2 ; cf_tags=cf-proxied:false\nc 60 A 192.0.2.3\n';
  assert.deepEqual(
    parse(cloudflare).records.map(({ ttl }) => ttl),
    [300, 300, 60],
  );
  assert.match(parse(cloudflare).warnings[0]?.message ?? '', /^This record stood behind Cloudflare's proxy/);
  assert.deepEqual(
    parse('a 1 A 192.0.2.1\n').records.map(({ ttl }) => ttl),
    [1],
  );
});

test('a forgotten final dot and a target without a record are warned of', () => {
  const warnings = parse(
    'example.com A 192.0.2.1\n@ CNAME www.example.com.\n@ MX 10 mail.example.com\n',
  ).warnings.map(({ line, message }) => `${line}: ${message.replaceAll(key.text, 'KEY')}`);
  assert.deepEqual(warnings, [
    '1: "example.com" has no trailing dot, so it means example.com.example.com.; write example.com. if that was meant.',
    '2: "www.example.com." becomes www.KEY., for which the zone has no record.',
    '3: KEY. has a CNAME record, which hides its MX record.',
    '3: "mail.example.com" has no trailing dot, so it means mail.example.com.KEY., for which the zone has no record. Write ' +
      '"mail.example.com." if that was meant.',
  ]);
});

test('an alias at the apex beside other records is explained, and one alone is not', () => {
  const [note] = parse('@ CNAME www.example.net.\n@ MX 10 mail.example.net.\n').notes;
  assert.match(
    note ?? '',
    /^example\.com itself is an alias \(line 1\), .* under the key it hides the other records there: write the addresses .* HTTPS 0 TARGET/,
  );
  assert.deepEqual(parse('@ CNAME www.example.net.\n').notes, []);
});

test('names outside of the domain, and names that are too long under the key, are errors', () => {
  const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(40)}`;
  const errors = errorsOf(
    `example.org. A 192.0.2.1\ncom. A 192.0.2.1\n${long} A 192.0.2.1\nok CNAME ${long}\nx ALIAS y\n`,
  );
  assert.match(
    errors[0] ?? '',
    /^1: example\.org\. is not in example\.com, the domain that is moved; accepted are /,
  );
  assert.match(errors[1] ?? '', /^2: com\. is not in example\.com/);
  assert.match(errors[2] ?? '', /^3: The name .*, under the key, is longer than 255 octets\.$/);
  assert.match(errors[3] ?? '', /^4: The name .*, under the key, is longer than 255 octets\.$/);
  assert.match(errors[4] ?? '', /^5: "ALIAS" is a type of its provider alone; write the addresses /);
  assert.equal(errors.length, 5);
});

test('whatever a file says, every record is under the key, and only errors of zone files are thrown', () => {
  const word = fc.constantFrom(
    '@',
    'example.com.',
    'www',
    'www.example.com',
    'example.org.',
    '.',
    key.text,
    '*',
    'a\\.b',
  );
  const line = fc
    .tuple(
      fc.constantFrom('', ' ', '$ORIGIN '),
      word,
      fc.constantFrom('A 192.0.2.1', 'CNAME', 'MX 1', 'SOA', 'NS', ''),
      word,
    )
    .map((parts) => parts.join(' '));
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      try {
        const { records, places } = parse(lines.join('\n'));
        assert.equal(places.length, records.length);
        for (const { name } of records) assert.ok(name.isWithin(key.name));
      } catch (error) {
        if (!(error instanceof ZoneFileError)) throw error;
      }
    }),
  );
});
