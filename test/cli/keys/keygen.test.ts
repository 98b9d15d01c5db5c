import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encryptSeed } from '../../../src/pkarr/encrypted-seed.ts';
import { KeyPair } from '../../../src/pkarr/key-pair.ts';
import { pkarrd } from '../../support/command.ts';
import { testKey } from '../../support/packets.ts';
import { programs } from '../../support/programs.ts';

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
  const main = fileURLToPath(new URL('../../../program/main.js', import.meta.url));
  const args = [main, 'keygen', '--from-seed', '-', '--out', path('d.key')];
  assert.equal(spawnSync(process.execPath, args, { input: seed, encoding: 'utf8' }).stdout, `${text}\n`);
  assert.equal(readFileSync(path('d.key'), 'latin1'), `${seed}\n`);
});

test('a key comes through a pipe whose writer is slow', () => {
  const main = fileURLToPath(new URL('../../../program/main.js', import.meta.url));
  const script = '(sleep 0.4; printf 0707; sleep 0.4; printf %060d 7) | "$0" "$1" keygen --from - --out "$2"';
  const { stdout, stderr } = spawnSync('sh', ['-c', script, process.execPath, main, path('slow.key')], {
    encoding: 'utf8',
  });
  assert.match(stdout, /^\w{52}\n$/, stderr);
});

test('in a shell KEY=$(pkarrd keygen) is the public key and nothing else', () => {
  const main = fileURLToPath(new URL('../../../program/main.js', import.meta.url));
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
      /^pkarrd: \S+bad: (?:There is no key in it\. Accepted are|It has \d\d hexadecimal digits; a seed has 64).*\n$/,
    );
  }
  const { err } = await pkarrd(['keygen', '--from-seed', path('absent')]);
  assert.match(err, /^pkarrd: Cannot read the key from .*absent: no such file\.\n$/);
  const ofDirectory = await pkarrd(['keygen', '--from', directory, '--out', path('bad.key')]);
  assert.deepEqual(ofDirectory, {
    code: 1,
    out: '',
    err: `pkarrd: Cannot read the key from ${directory}: it is a directory.\n`,
  });
});

test('pubkey prints the public key of a key file, and refuses one that others can read', async () => {
  writeFileSync(path('k'), seed, { mode: 0o600 });
  assert.deepEqual(await pkarrd(['pubkey', path('k')]), { code: 0, out: `${text}\n`, err: '' });
  assert.equal(JSON.parse((await pkarrd(['pubkey', path('k'), '--json'])).out).key, text);
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
  assert.match(wrong.err, /^pkarrd: \S+saved\.pem: The passphrase does not open it\.\n$/);
  // There is no terminal to ask at.
  assert.match(
    (await importWith()).err,
    /^pkarrd: The key is encrypted\. Give its passphrase with --passphrase FILE/,
  );
  const { code, out, err } = await importWith('--passphrase', path('passphrase'));
  assert.deepEqual([code, out], [0, `${keyPair.publicKey}\n`], err);
  assert.match(err, /^The file has no passphrase; --encrypt asks for one\.\n/);
  assert.equal(
    readFileSync(path('opened.key'), 'latin1').trim(),
    Buffer.from(keyPair.exportSeed()).toString('hex'),
  );
});

for (const program of programs) {
  const options = { skip: program.skip };
  const run = (words: readonly string[], cwd = directory) => pkarrd(words, { program: program.words, cwd });

  test(
    `an encrypted key file is opened by its passphrase alone, by openssl too, ${program.name}`,
    options,
    async () => {
      const [file, secret] = [`encrypted-${program.words.length}.key`, 'correct horse'];
      writeFileSync(path('new'), `${secret}\n`);
      const made = await run(['keygen', '--out', file, '--new-passphrase', 'new']);
      assert.equal(made.code, 0, made.err);
      assert.equal(statSync(path(file)).mode & 0o777, 0o600);
      assert.match(
        readFileSync(path(file), 'latin1'),
        /^Public key: \S{52}\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n/,
      );
      assert.equal((await run(['pubkey', file, '--passphrase', 'new'])).out, made.out);
      writeFileSync(path('my.zone'), '@ 300 A 192.0.2.1\n');
      const dry = await run(['publish', 'my.zone', '--key', file, '--passphrase', 'new', '--dry-run']);
      assert.ok(dry.out.includes(made.out.trim()), dry.err);
      const certificate = ['certificate', '--key', file, '--passphrase', 'new', '--out', `${file}.pem`];
      assert.equal((await run(certificate)).code, 0);
      assert.match(
        (await run(['pubkey', file])).err,
        /The key is encrypted\. Give its passphrase with --passphrase FILE/,
      );
      writeFileSync(path('wrong'), 'correct');
      assert.match(
        (await run(['pubkey', file, '--passphrase', 'wrong'])).err,
        /The passphrase does not open /,
      );
      const opened = spawnSync('openssl', ['pkey', '-in', path(file), '-passin', `pass:${secret}`], {
        encoding: 'utf8',
      });
      writeFileSync(path('opened.pem'), opened.stdout);
      const copy = `opened-${program.words.length}.key`;
      assert.equal((await run(['keygen', '--from', 'opened.pem', '--out', copy])).out, made.out);
      writeFileSync(path('empty'), '\n');
      const empty = await run(['keygen', '--out', 'never.key', '--new-passphrase', 'empty']);
      assert.deepEqual(
        [empty.code, empty.err],
        [1, 'pkarrd: The new passphrase is empty, and nothing was written.\n'],
      );
      assert.match(
        (await run(['keygen', '--out', 'never.key', '--encrypt'])).err,
        /There is no terminal to ask/,
      );
      assert.throws(() => statSync(path('never.key')), { code: 'ENOENT' });
    },
  );

  test(`a key is overwritten with --force alone, ${program.name}`, options, async () => {
    const file = `forced-${program.words.length}.key`;
    const first = await run(['keygen', '--out', file]);
    const refused = await run(['keygen', '--out', file]);
    assert.deepEqual([refused.code, refused.out], [1, '']);
    assert.equal(
      refused.err,
      `pkarrd: This file exists, and a key is not overwritten without --force: ${file}\n`,
    );
    assert.equal((await run(['pubkey', file])).out, first.out);
    const second = await run(['keygen', '--out', file, '--force']);
    assert.notEqual(second.out, first.out);
    assert.equal((await run(['pubkey', file])).out, second.out);
    assert.equal(statSync(path(file)).mode & 0o777, 0o600);
  });

  test(`the words of a backup make the key again, ${program.name}`, options, async () => {
    const [file, copy] = [`paper-${program.words.length}.key`, `paper-copy-${program.words.length}.key`];
    const made = await run(['keygen', '--out', file]);
    const { out, err } = await run(['backup', file]);
    assert.equal(out.trim().split(' ').length, 24, err);
    assert.equal(err.includes(out.trim()), false);
    const { words } = JSON.parse((await run(['backup', file, '--json'])).out);
    assert.equal(words.join(' '), out.trim());
    writeFileSync(path('paper'), words.map((word: string, at: number) => `${at + 1}. ${word}\n`).join(''));
    const again = await run(['keygen', '--from', 'paper', '--words', 'entropy', '--out', copy]);
    assert.equal(again.out, made.out, again.err);
    assert.equal(readFileSync(path(copy), 'latin1'), readFileSync(path(file), 'latin1'));
  });

  test(
    `a flag that says how a key is read needs a key that can be read so, ${program.name}`,
    options,
    async () => {
      writeFileSync(path('digits'), seed);
      for (const [words, code, why] of [
        [['--words', 'entropy'], 2, /--words says how a key is read, and needs --from FILE/],
        [['--from', 'digits', '--words', 'spell'], 2, /--words: expected entropy or pubky, got "spell"/],
        [['--from', 'digits', '--words', 'pubky'], 1, /--words was given, and these are not words/],
        [['--from', 'digits', '--old-pkdns'], 1, /these are not 52 characters of z-base-32/],
        [['--from', '-', '--passphrase', '-'], 2, /only one of --from and --passphrase/],
      ] as const) {
        const refused = await run(['keygen', ...words, '--out', 'not.key']);
        assert.deepEqual([refused.code, refused.out], [code, '']);
        assert.match(refused.err, why);
      }
    },
  );
}
