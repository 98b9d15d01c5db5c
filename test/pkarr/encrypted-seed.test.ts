import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { test } from 'node:test';
import { decryptSeed, encryptSeed, isEncryptedKey } from '../../src/pkarr/encrypted-seed.ts';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { secretPem } from '../../src/pkarr/key-pem.ts';
import { fc } from '../support/property.ts';

const seed = new Uint8Array(32).fill(5);
const passphrase = 'correct horse päärl';
const file = await encryptSeed(seed, passphrase);

test('the passphrase opens the file, and another one does not', async () => {
  assert.ok(isEncryptedKey(file));
  assert.deepEqual(await decryptSeed(file, passphrase), { ok: true, seed });
  for (const wrong of ['', 'correct horse', `${passphrase} `])
    assert.deepEqual(await decryptSeed(file, wrong), { ok: false, fault: 'wrong-passphrase' });
});

test('the file is the same key to OpenSSL', () => {
  const { status, stdout, stderr } = spawnSync('openssl', ['pkey', '-passin', `pass:${passphrase}`], {
    input: file,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  assert.equal(stdout, secretPem(KeyPair.fromSeed(seed)));
});

const { bun } = process.versions;
test('the file is the same key to the runtime', {
  skip: bun !== undefined && 'BoringSSL knows no PBES2 with SHA-256',
}, () => {
  const key = createPrivateKey({ key: file, format: 'pem', passphrase });
  assert.equal(key.export({ format: 'pem', type: 'pkcs8' }), secretPem(KeyPair.fromSeed(seed)));
});

test('two files of one key have nothing in common, and none has the secret', async () => {
  const other = await encryptSeed(seed, passphrase);
  assert.notEqual(other.split('\n')[2], file.split('\n')[2]);
  assert.ok(!Buffer.from(file, 'latin1').toString('hex').includes(Buffer.from(seed).toString('hex')));
});

test('a file of another form is told from a wrong passphrase, and what comes around it is ignored', async () => {
  const around = `Public key: whatever\n${file}\nmore\n`;
  assert.ok((await decryptSeed(around, passphrase)).ok);
  assert.ok((await decryptSeed(file.replaceAll('\n', '\r\n'), passphrase)).ok);
  const ofOpenssl = file.replace('MIGk', 'MIGj');
  assert.deepEqual(await decryptSeed(ofOpenssl, passphrase), { ok: false, fault: 'other-form' });
  assert.deepEqual(await decryptSeed('0'.repeat(64), passphrase), { ok: false, fault: 'not-encrypted' });
});

test('whatever stands in a file, reading it ends and gives no key', async () => {
  const lines = file.split('\n');
  const changed = fc.tuple(fc.nat(file.length - 1), fc.constantFrom(...'A=z\n-')).map(([at, character]) => {
    const text = file.slice(0, at) + character + file.slice(at + 1);
    // The rounds stand in the first line: millions of them take their time.
    return text.startsWith(`${lines[0]}\n${lines[1]}`) ? text : '-----BEGIN ENCRYPTED PRIVATE KEY-----AAAA';
  });
  await fc.assert(
    fc.asyncProperty(changed, async (text) => {
      if (text === file) return;
      const opened = await decryptSeed(text, 'x');
      assert.ok(!opened.ok);
    }),
    { numRuns: 10 },
  );
});
