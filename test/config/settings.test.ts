import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defaultSettings,
  flagOf,
  settingKeys,
  settings,
  settingToText,
  variableOf,
} from '../../src/config/settings.ts';
import { settingsHelp } from '../../src/config/settings-help.ts';

const machine = { environment: {}, isRoot: false, home: '/home/somebody' };

test('flag and variable of a setting follow from its name', () => {
  assert.equal(settings.dhtListen.name, 'dht-listen');
  assert.equal(flagOf('dhtListen'), '--dht-listen');
  assert.equal(variableOf('dhtListen'), 'PKARRD_DHT_LISTEN');
  for (const key of settingKeys) assert.match(settings[key].name, /^[a-z]+(-[a-z]+)*$/);
  assert.equal(new Set(settingKeys.map(flagOf)).size, settingKeys.length);
});

test('a default, written as people would, reads as itself', () => {
  const defaults = defaultSettings(machine);
  for (const key of settingKeys) {
    const { kind } = settings[key];
    const text = settingToText(key, defaults[key]);
    const reading = kind.read(kind.isList ? text.split(' ') : text);
    assert.deepEqual(reading, { ok: true, value: defaults[key] }, key);
  }
});

test('help tells of every setting its flag, what it takes, what it does and its default', () => {
  const help = settingsHelp(settingKeys);
  assert.equal(help.length, settingKeys.length);
  for (const [index, key] of settingKeys.entries()) {
    const entry = help[index];
    assert.ok(entry?.usage.startsWith(`${flagOf(key)} `), key);
    assert.match(entry?.text ?? '', /^[A-Z].{10,}\(default: .+\)$/);
    assert.match(settings[key].help, /[^.]$/);
  }
});

test('sizes and times are written back in the largest unit that holds them', () => {
  assert.equal(settingToText('cacheSize', 16_000_000), '16 MB');
  assert.equal(settingToText('cacheSize', 1_500_000), '1.5 MB');
  assert.equal(settingToText('cacheSize', 65_537), '65537 bytes');
  assert.equal(settingToText('negativeTtl', 60), '1m');
  assert.equal(settingToText('negativeTtl', 61), '61s');
});

test('sizes and times are read with and without units', () => {
  const size = (text: unknown) => settings.cacheSize.kind.read(text);
  for (const text of [1_048_576, '1048576', '1MiB', '1 MiB', '1024 kib']) {
    assert.deepEqual(size(text), { ok: true, value: 1_048_576 });
  }
  for (const text of ['1.5M', '1.5 MB', '1500k', '1500.0 kB'])
    assert.deepEqual(size(text), { ok: true, value: 1_500_000 });
  for (const text of [
    '',
    ' ',
    'M',
    '1e6',
    '100000.5',
    [100_000],
    {},
    null,
    true,
    '0x100000',
    '1,000,000',
    '١٠٠٠٠٠',
    Number.NaN,
  ]) {
    assert.equal(size(text).ok, false, String(text));
  }
  const time = (text: unknown) => settings.maximumPacketTtl.kind.read(text);
  for (const text of [7200, '7200', '120m', '2h', '2 h'])
    assert.deepEqual(time(text), { ok: true, value: 7200 });
});
