import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTypedQuestion, TypedQuestionError } from '../../../src/app/http/look-up/typed-question.ts';
import { typeToText } from '../../../src/dns/codes.ts';

const key = 'yeewwbdysq95j7cpitkx9n1xkozc11hizxy8truct3uy8w1yzj1y';

/** What is typed, and the question that it is. */
const cases: readonly (readonly [typed: string, question: string])[] = [
  [key, `${key}. A`],
  [` ${key.toUpperCase()}. `, `${key}. A`],
  [`pk:${key}`, `${key}. A`],
  [`https://www.${key}:8443/path?x#y`, `www.${key}. A`],
  [`http://www.${key}.localhost:8053/`, `www.${key}. A`],
  [`http://localhost:8053/${key}`, `${key}. A`],
  [`http://127.0.0.1:8053/pkarr/${key}?policy=NetworkOnly`, `${key}. A`],
  [`_sip._udp.${key}`, `_sip._udp.${key}. A`],
  ['example.com', 'example.com. A'],
  ['_sip._udp.example.com', '_sip._udp.example.com. A'],
  ['https://user@example.com:8443/path', 'example.com. A'],
  ['example.com/path', 'example.com. A'],
  ['münchen.de', 'xn--mnchen-3ya.de. A'],
  ['https://münchen.de/', 'xn--mnchen-3ya.de. A'],
  [`https://${key}.key/`, `${key}. A`],
  [`${key}.key:443`, `${key}. A`],
  [`user@www.${key}`, `www.${key}. A`],
  ['user@example.com', 'example.com. A'],
  ['mailto:user@example.com', 'example.com. A'],
  ['sip:alice@example.com:5060', 'example.com. A'],
  ['//example.com/path', 'example.com. A'],
  ['example.com:443', 'example.com. A'],
  ['tls://example.com:853', 'example.com. A'],
  ['http://*.example.com/', '*.example.com. A'],
  ['My\\032Printer._ipp._tcp.local', 'My\\032Printer._ipp._tcp.local. A'],
  ['1.0.0.127.in-addr.arpa', '1.0.0.127.in-addr.arpa. A'],
  ['7.example.com', '7.example.com. A'],
  ['.', '. A'],
  ['192.0.2.7', '7.2.0.192.in-addr.arpa. PTR'],
  ['192.0.2.7.', '7.2.0.192.in-addr.arpa. PTR'],
  ['192.0.2.7:8080', '7.2.0.192.in-addr.arpa. PTR'],
  ['http://192.0.2.7:8080/', '7.2.0.192.in-addr.arpa. PTR'],
  ['https://user:secret@192.0.2.7./x', '7.2.0.192.in-addr.arpa. PTR'],
  ['tcp://192.0.2.7:53', '7.2.0.192.in-addr.arpa. PTR'],
  ['user@192.0.2.7', '7.2.0.192.in-addr.arpa. PTR'],
  ['192.0.2.7/24', '7.2.0.192.in-addr.arpa. PTR'],
  // What browsers make of it.
  ['http://0xc0.0.519/', '7.2.0.192.in-addr.arpa. PTR'],
  ['http://１９２.0.2.7/', '7.2.0.192.in-addr.arpa. PTR'],
  [
    'http://[2001:db8::1]:8080/',
    '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR',
  ],
  ['[2001:db8::1]:53', '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR'],
  ['[2001:db8::1]', '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. PTR'],
];

for (const [typed, expected] of cases) {
  test(`${JSON.stringify(typed)} asks for ${expected}`, () => {
    const { name, type, key: found } = readTypedQuestion(typed, '');
    assert.equal(`${name} ${typeToText(type)}`, expected);
    assert.equal(found?.text, expected.includes(key) ? key : undefined);
  });
}

test('the name of an address is asked for its name when the form had the type of an address', () => {
  for (const type of ['A', 'AAAA']) assert.equal(readTypedQuestion('192.0.2.7', type).type, 12);
  assert.equal(readTypedQuestion('192.0.2.7', 'SOA').type, 6);
});

test('a type that is named is the one that is asked for', () => {
  assert.equal(readTypedQuestion('example.com', 'mx').type, 15);
  assert.equal(readTypedQuestion('example.com', 'TYPE65400').type, 65_400);
});

/** What is typed as a name and a type, and what is said of it. */
const refusals: readonly (readonly [typed: string, type: string, RegExp])[] = [
  ['', '', /^Type a key or a name\.$/],
  ['a..b', '', /is not a domain name: it has an empty label\.$/],
  ['http://a..b/', '', /is not a domain name: it has an empty label\.$/],
  ['127.1', '', /is neither a domain name nor a whole IP address\.$/],
  ['2130706433', '', /is neither/],
  ['0x7f000001', '', /is neither/],
  ['192.0.2.300', '', /is neither/],
  ['1.2.3.4.5.', '', /is neither/],
  ['foo://1.2.3.4.5/', '', /is neither/],
  ['2001:db8::/32', '', /is not a domain name, nor the address of one\.$/],
  ['2001:db8::1:8080x', '', /nor the address of one\.$/],
  ['file:///etc/passwd', '', /nor the address of one\.$/],
  ['javascript:alert(1)', '', /nor the address of one\.$/],
  ['about:blank', '', /nor the address of one\.$/],
  ['http://', '', /nor the address of one\.$/],
  ['http://192.0.2.300/', '', /nor the address of one\.$/],
  ['a b', '', /nor the address of one\.$/],
  ['https://example.com/ and more', '', /nor the address of one\.$/],
  ['<https://example.com/>', '', /nor the address of one\.$/],
  [`${'a'.repeat(64)}.de`, '', /is not a domain name: a label of it is longer than 63 octets\.$/],
  ['x'.repeat(5_000), '', /is too long for a name\.$/],
  [`${'y'.repeat(52)}`, '', /is not a public key/],
  [`www.${'y'.repeat(51)}`, '', /like a key that was cut: a key has 52 characters, and this has 51\.$/],
  ['example.com', 'AXFR', /is not a record type that can be asked for\.$/],
  ['example.com', 'NONSENSE', /is not a record type that can be asked for\.$/],
];

for (const [typed, type, sentence] of refusals) {
  test(`${JSON.stringify(typed.slice(0, 60))} ${type} is told to be wrong`, () => {
    assert.throws(
      () => readTypedQuestion(typed, type),
      (error) => error instanceof TypedQuestionError && sentence.test(error.message),
    );
  });
}
