import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { KeyFileError, readKeyFile, writeKeyFile } from '../../src/publish/key-file.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-key-'));
after(() => rmSync(directory, { recursive: true }));
const path = (name: string) => join(directory, name);
const seed = 'ab'.repeat(32);

test('a key that was written is read as the same key', async () => {
  const keyPair = KeyPair.generate();
  writeKeyFile(path('a'), keyPair);
  assert.equal((await readKeyFile(path('a'))).publicKey.text, keyPair.publicKey.text);
  assert.match(readFileSync(path('a'), 'latin1'), /^[0-9a-f]{64}\n$/);
});

test('the file of a key is for its owner alone, and not overwritten', async () => {
  const keyPair = KeyPair.generate();
  const before = process.umask(0);
  try {
    writeKeyFile(path('b'), keyPair);
  } finally {
    process.umask(before);
  }
  assert.equal(statSync(path('b')).mode & 0o777, 0o600);
  assert.throws(() => writeKeyFile(path('b'), KeyPair.generate()), /not overwritten without --force: .*b$/);
  assert.equal((await readKeyFile(path('b'))).publicKey.text, keyPair.publicKey.text);
});

test('a key that others can read is refused, with what to do', async () => {
  writeFileSync(path('c'), seed);
  for (const mode of [0o640, 0o604, 0o620, 0o610]) {
    chmodSync(path('c'), mode);
    await assert.rejects(readKeyFile(path('c')), /Run: chmod 600 .*c$/, mode.toString(8));
  }
  for (const mode of [0o600, 0o400]) {
    chmodSync(path('c'), mode);
    assert.equal((await readKeyFile(path('c'))).publicKey.text.length, 52);
  }
});

test('what is no key is told as that, also where others can read it', async () => {
  writeFileSync(path('zone'), '@ A 192.0.2.1\n');
  chmodSync(path('zone'), 0o644);
  await assert.rejects(readKeyFile(path('zone')), /zone is not a key file: expected 64 hexadecimal/);
});

test('what holds no key is refused in one sentence without its content', async () => {
  for (const content of [
    '',
    '\n',
    seed.slice(1),
    `${seed}00`,
    `${seed}\n${seed}`,
    'zz'.repeat(32),
    'x'.repeat(100_000),
  ]) {
    writeFileSync(path('d'), content, { mode: 0o600 });
    // The name of the file is any: it may have what no sentence has.
    await assert.rejects(readKeyFile(path('d')), (error) => {
      assert.ok(error instanceof KeyFileError);
      const said = error.message.replaceAll(path('d'), 'FILE');
      return said.length < 200 && !said.includes('zz');
    });
  }
  await assert.rejects(readKeyFile(path('absent')), /no such file/);
  await assert.rejects(readKeyFile(directory), KeyFileError);
  assert.throws(() => writeKeyFile(path('no/such/directory'), KeyPair.generate()), {
    name: 'KeyFileError',
    message: `There is no such directory: ${path('no/such/directory')}`,
  });
  assert.throws(() => writeKeyFile('/proc/x.key', KeyPair.generate()), {
    name: 'KeyFileError',
    message: 'No file can be made there: /proc/x.key',
  });
});
