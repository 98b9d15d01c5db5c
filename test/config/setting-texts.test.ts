import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settingsFromTexts, settingsToTexts } from '../../src/config/setting-texts.ts';
import { defaultSettings, type Settings } from '../../src/config/settings.ts';
import { Name } from '../../src/dns/name.ts';
import { parseIpPrefix } from '../../src/ip/prefix.ts';

const defaults = defaultSettings({ environment: {}, isRoot: false, home: '/home/some body' });

test('settings come through as texts as they were, the defaults and every kind of value', () => {
  const prefix = parseIpPrefix('192.168.1.0/24');
  assert.ok(prefix);
  const others: Partial<Settings> = {
    listen: [
      { host: '127.0.0.1', port: 0 },
      { host: '::1', port: 53 },
    ],
    upstream: ['9.9.9.9', '/lan/192.168.1.1', 'https://dns.example/dns-query@192.0.2.1'],
    upstreamCa: '/etc/some folder/ca.pem',
    hosts: '/etc/hosts',
    rebindingProtection: true,
    rebindingAllow: [Name.parse('a b.example'), Name.parse('plex.direct')],
    allowFrom: [prefix],
    workers: 64,
    relay: [new URL('https://relay.example/some%20path')],
    dhtListen: { host: '127.0.0.1', port: 6881 },
    cacheSize: 65_537,
    suffix: [],
    logLevel: 'debug',
  };
  for (const settings of [defaults, { ...defaults, ...others }]) {
    const texts = settingsToTexts(settings);
    for (const text of Object.values(texts)) assert.equal(typeof text, 'string');
    assert.deepEqual(settingsFromTexts(structuredClone(texts)), settings);
  }
});

test('a text that is no value is refused with the name of its setting', () => {
  assert.throws(() => settingsFromTexts({ ...settingsToTexts(defaults), workers: '65' }), /"65".* workers/);
});
