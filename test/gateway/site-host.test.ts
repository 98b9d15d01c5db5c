import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSiteHost } from '../../src/gateway/site-host.ts';
import { testKey } from '../support/packets.ts';

const key = testKey(1).publicKey;

test('the name of a site is what stands before .localhost, in lower case, without the port', () => {
  for (const [host, name, port] of [
    [`${key}.localhost:8053`, `${key}`, ':8053'],
    [`${key}.localhost`, `${key}`, ''],
    [`WWW.${key.text.toUpperCase()}.LOCALHOST.:80`, `www.${key}`, ':80'],
    [`_a-1.b.${key}.localhost:8053`, `_a-1.b.${key}`, ':8053'],
  ] as const) {
    const found = readSiteHost(host);
    assert.ok(found.kind === 'site', host);
    assert.equal(found.site.host, name);
    assert.equal(found.site.name.toString(), `${name}.`);
    assert.equal(found.site.port, port);
    assert.ok(found.site.key.equals(key));
  }
});

test('other hosts are none of the gateway', () => {
  for (const host of [
    undefined,
    '',
    'localhost:8053',
    '127.0.0.1',
    '[::1]:8053',
    key.text,
    `${key}.localhost.example`,
    `${key}.localhost:8053:1`,
    `${key}.localhost:123456`,
    `.${key}.localhost`,
    `a..${key}.localhost`,
    `a b.${key}.localhost`,
    `user@${key}.localhost`,
    `${key}.evil.localhost`,
    `${'a.'.repeat(200)}${key}.localhost`,
  ]) {
    assert.equal(readSiteHost(host).kind, 'other', host);
  }
});

test('what has the form of a key and is none is refused with the reason', () => {
  const spelling = `${key.text.slice(0, -1)}n`;
  assert.deepEqual(readSiteHost(`${spelling}.localhost`), {
    kind: 'refused',
    reason: 'its last character must be y or o',
  });
  assert.deepEqual(readSiteHost(`${'y'.repeat(52)}.localhost`), {
    kind: 'refused',
    reason: 'it is a point of small order, for which anybody can sign',
  });
});

test('a name of more than 255 octets is refused', () => {
  const host = `${'a.'.repeat(102)}${key}.localhost`;
  assert.deepEqual(readSiteHost(host), { kind: 'refused', reason: 'the name is too long' });
});

test('a key that was mistyped is told apart from names that are none of the gateway', () => {
  const text = key.text;
  const reasons = {
    [text.slice(1)]: 'it has 51 characters, and a key has 52',
    [`${text}y`]: 'it has 53 characters, and a key has 52',
    [`www.l${text.slice(1)}`]: 'it has a "l", which no key has',
    [`${text.slice(1)}V`]: 'it has a "V", which no key has',
  };
  for (const [host, reason] of Object.entries(reasons))
    assert.deepEqual(readSiteHost(`${host}.localhost:8053`), { kind: 'refused', reason });
  for (const host of ['a'.repeat(45), 'a'.repeat(59), `${text.slice(1)}-`, `${text.slice(1)}.x`])
    assert.equal(readSiteHost(`${host}.localhost`).kind, 'other', host);
});
