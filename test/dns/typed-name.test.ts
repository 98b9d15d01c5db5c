import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTypedName, reverseName, tryParseTypedName } from '../../src/dns/typed-name.ts';

test('letters of any script become the form that DNS knows', () => {
  // The first two are of RFC 3492 §7.1 and of UTS #46 §4.
  for (const [typed, name] of [
    ['münchen.de', 'xn--mnchen-3ya.de.'],
    ['faß.de', 'xn--fa-hia.de.'],
    ['MÜNCHEN.De.', 'xn--mnchen-3ya.de.'],
    ['bücher。example', 'xn--bcher-kva.example.'],
    ['_sip._tcp.bücher.example', '_sip._tcp.xn--bcher-kva.example.'],
    ['*.bücher.example', '*.xn--bcher-kva.example.'],
    ['☃.net', 'xn--n3h.net.'],
  ] as const)
    assert.equal(parseTypedName(typed).toString(), name);
});

test('ASCII is presentation form, as before', () => {
  assert.deepEqual(parseTypedName('a\\.b\\252.Example').labels, ['a.b\xfc', 'Example']);
  assert.equal(parseTypedName('.').isRoot, true);
});

test('what IDNA does not allow, and what is no host, is no name', () => {
  for (const text of [
    'mün chen.de',
    'ü/x',
    'ü@x',
    'ü:1',
    'ü%41.de',
    'a\\.ü.de',
    'ü..de',
    '\u00ad',
    `${'ü'.repeat(70)}.de`,
  ])
    assert.equal(tryParseTypedName(text), undefined, text);
});

test('the reverse name of an address has its octets or hexadecimal digits backwards', () => {
  assert.equal(reverseName(Uint8Array.of(192, 0, 2, 1)).toString(), '1.2.0.192.in-addr.arpa.');
  assert.match(reverseName(new Uint8Array(16).fill(0x1f, 15)).toString(), /^f\.1\.(?:0\.){30}ip6\.arpa\.$/);
});
