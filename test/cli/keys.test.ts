import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encryptSeed } from '../../src/pkarr/encrypted-seed.ts';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { pkarrd } from '../support/command.ts';
import { testKey } from '../support/packets.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-keys-'));
after(() => rmSync(directory, { recursive: true }));
const path = (name: string) => join(directory, name);
const seed = '07'.repeat(32);
const { text } = testKey(7).publicKey;

test('a seed in hexadecimal becomes a key of ours, from a file and from standard input', async () => {
  for (const [name, content] of [
    ['a', seed],
    ['b', `${seed.toUpperCase()}\n`],
    ['c', `0x${seed}\r\n`],
  ] as const) {
    writeFileSync(path(name), content);
    const { code, out, err } = await pkarrd([
      'keygen',
      '--from-seed',
      path(name),
      '--out',
      path(`${name}.key`),
    ]);
    assert.deepEqual([code, out], [0, `${text}\n`], err);
    assert.equal(err.includes(seed), false);
    assert.equal(statSync(path(`${name}.key`)).mode & 0o777, 0o600);
  }
  const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
  const args = [main, 'keygen', '--from-seed', '-', '--out', path('d.key')];
  assert.equal(spawnSync(process.execPath, args, { input: seed, encoding: 'utf8' }).stdout, `${text}\n`);
  assert.equal(readFileSync(path('d.key'), 'latin1'), `${seed}\n`);
});

test('in a shell KEY=$(pkarrd keygen) is the public key and nothing else', () => {
  const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
  const script = 'KEY=$("$0" "$1" keygen --out "$2") && printf "%s" "$KEY"';
  const { stdout } = spawnSync('sh', ['-c', script, process.execPath, main, path('e.key')], {
    encoding: 'utf8',
  });
  assert.match(stdout, /^[ybndrfg8ejkmcpqxot1uwisza345h769]{52}$/);
});

test('what is not a seed is refused, and never shown', async () => {
  for (const content of ['', 'zz'.repeat(32), `${seed}00`, seed.slice(2), 'x'.repeat(1000)]) {
    writeFileSync(path('bad'), content);
    const { code, out, err } = await pkarrd(['keygen', '--from-seed', path('bad'), '--out', path('bad.key')]);
    assert.deepEqual([code, out], [1, '']);
    assert.match(
      err,
      /^pkarrd: \S+bad is not a seed: expected 64 hexadecimal characters, or an encrypted key\.\n$/,
    );
  }
  const { err } = await pkarrd(['keygen', '--from-seed', path('absent')]);
  assert.match(err, /^pkarrd: Cannot read the seed from .*absent: no such file\.\n$/);
});

test('pubkey prints the public key of a key file, and refuses one that others can read', async () => {
  writeFileSync(path('k'), seed, { mode: 0o600 });
  assert.deepEqual(await pkarrd(['pubkey', path('k')]), { code: 0, out: `${text}\n`, err: '' });
  assert.equal(JSON.parse((await pkarrd(['pubkey', path('k'), '--json'])).out).publicKey, text);
  chmodSync(path('k'), 0o640);
  const { code, out, err } = await pkarrd(['pubkey', path('k')]);
  assert.deepEqual([code, out], [1, '']);
  assert.match(err, /Run: chmod 600 /);
});

test('a key that is encrypted is imported with its passphrase, and with no other', async () => {
  const keyPair = KeyPair.generate();
  writeFileSync(path('saved.pem'), await encryptSeed(keyPair.exportSeed(), 'open sesame'));
  writeFileSync(path('passphrase'), 'open sesame\n');
  writeFileSync(path('wrong'), 'open sesamE\n');
  const importWith = (...words: readonly string[]) =>
    pkarrd(['keygen', '--from-seed', path('saved.pem'), '--out', path('opened.key'), ...words]);
  const wrong = await importWith('--passphrase', path('wrong'));
  assert.deepEqual([wrong.code, wrong.out], [1, '']);
  assert.match(wrong.err, /^pkarrd: The passphrase does not open \S+saved\.pem\.\n$/);
  // There is no terminal to ask at.
  assert.match(
    (await importWith()).err,
    /^pkarrd: The key file is encrypted\. Give its passphrase with --passphrase FILE/,
  );
  const { code, out, err } = await importWith('--passphrase', path('passphrase'));
  assert.deepEqual([code, out], [0, `${keyPair.publicKey}\n`], err);
  assert.equal(
    readFileSync(path('opened.key'), 'latin1').trim(),
    Buffer.from(keyPair.exportSeed()).toString('hex'),
  );
});
