import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { estimateText, oddsText, progressText } from '../../../src/cli/keys/vanity/estimate.ts';
import { prefixMatcher, readPrefix } from '../../../src/cli/keys/vanity/prefix.ts';
import { KeyPair } from '../../../src/pkarr/key-pair.ts';
import { pkarrd, RunningCommand } from '../../support/command.ts';
import { testKey } from '../../support/packets.ts';
import { programs } from '../../support/programs.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-vanity-'));
after(() => rmSync(directory, { recursive: true }));

test('a key has a prefix when its text begins with it', () => {
  for (let number = 1; number < 100; number++) {
    const { publicKey } = testKey(number);
    for (let length = 1; length <= 12; length++) {
      const prefix = publicKey.text.slice(0, length);
      assert.ok(prefixMatcher(prefix)(publicKey.toBytes()));
      // Another last character, the next in the alphabet.
      const other = prefix.slice(0, -1) + (prefix.endsWith('y') ? 'b' : 'y');
      assert.ok(!prefixMatcher(other)(publicKey.toBytes()), `${other} ${publicKey}`);
    }
  }
});

test('a prefix that no key has is refused with what to write', () => {
  assert.equal(readPrefix('AbC'), 'abc');
  assert.throws(() => readPrefix('hello'), {
    message:
      '--prefix: no key has the character "l"; keys are written with ybndrfg8ejkmcpqxot1uwisza345h769. Perhaps "he11o"?',
  });
  assert.throws(() => readPrefix('a-b'), /no key has the character "-"; keys are written with \w{32}\.$/);
  assert.throws(
    () => readPrefix('a'.repeat(13)),
    /13 characters are more than can be found; at most 12 are tried/,
  );
});

test('the estimate is 32 to the power of the length through the rate, and progress is the chance of it', () => {
  assert.equal(oddsText('abc', 2), 'One key in 32,768 begins with abc. 2 threads search; Ctrl+C ends it.');
  assert.equal(estimateText('abc', 16_384), 'At 16,000 keys a second this takes 2 s on average.');
  assert.equal(
    estimateText('abcdefghijkm', 18_000),
    'At 18,000 keys a second this takes 2,000,000 years on average.',
  );
  assert.match(
    progressText('a', 22, 10_000),
    /^22 keys tried, 10,000 a second; 50 % of such searches are over by now$/,
  );
  assert.match(progressText('abc', 0, 1), /; 0 % of/);
  assert.match(progressText('abc', 1e9, 1), /; 100 % of|; 99 % of/);
});

for (const { name, words, skip } of programs) {
  test(`--prefix writes the file of a key that begins with it, ${name}`, { skip }, async () => {
    for (const prefix of ['y', '9b']) {
      const { code, out, err } = await pkarrd(['keygen', '--prefix', prefix], {
        program: words,
        cwd: directory,
      });
      assert.equal(code, 0, err);
      const key = out.trim();
      assert.ok(key.startsWith(prefix), key);
      const seed = Buffer.from(readFileSync(join(directory, `${key}.key`), 'latin1').trim(), 'hex');
      assert.equal(KeyPair.fromSeed(seed).publicKey.text, key);
      assert.ok(
        err.startsWith(`One key in ${prefix.length === 1 ? '32' : '1,024'} begins with ${prefix}. `),
        err,
      );
      rmSync(join(directory, `${key}.key`));
    }
  });

  test(`Ctrl+C ends a search that is not over, and nothing is written, ${name}`, { skip }, async () => {
    const command = new RunningCommand(['keygen', '--prefix', 'yyyyyyyyyy'], {
      program: words,
      cwd: directory,
    });
    await command.printed(/At [\d,]+ keys a second this takes [\d,]+ years on average\.\n/);
    const { out } = await command.stop('SIGINT');
    assert.deepEqual([command.child.signalCode, out], ['SIGINT', '']);
    assert.deepEqual(readdirSync(directory), []);
  });

  test(`what is wrong with the end of a search is found before it, and a key is not lost, ${name}`, {
    skip,
  }, async () => {
    const own = mkdtempSync(join(directory, 'own-'));
    const run = (...more: string[]) =>
      pkarrd(['keygen', '--prefix', 'yyyyyyyyyy', ...more], { program: words, cwd: own });
    writeFileSync(join(own, 'there.key'), '');
    for (const [more, why] of [
      [['--out', 'there.key'], /This file exists/],
      [['--out', 'none/a.key'], /There is no such directory: none\/a\.key/],
      [['--out', 'there.key/a.key'], /A part of the path is no directory/],
      [['--out', '.', '--force'], /This is a directory/],
      [['--encrypt'], /There is no terminal to ask for a passphrase/],
      [['--out', '-'], /Write \.\/- for a file of that name/],
    ] as const) {
      const { code, err } = await run(...more);
      assert.notEqual(code, 0);
      assert.match(err, why);
      assert.doesNotMatch(err, /begins with/);
    }
    // The directory goes while the key is searched for and encrypted.
    const gone = mkdtempSync(join(own, 'gone-'));
    writeFileSync(join(own, 'new'), 'secret\n');
    const args = ['keygen', '--prefix', 'y', '--out', join(gone, 'a.key'), '--new-passphrase', 'new'];
    const command = new RunningCommand(args, { program: words, cwd: own });
    await command.printed(/begins with y/);
    rmSync(gone, { recursive: true });
    const { code, err } = await command.ended();
    assert.equal(code, 1);
    const [, path = ''] =
      /The key that was found was written to (\S+) instead\./.exec(err) ?? assert.fail(err);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.match(readFileSync(path, 'latin1'), /^Public key: y/);
    rmSync(own, { recursive: true });
  });

  test(`a key that was found and can be written nowhere waits until it can, ${name}`, { skip }, async () => {
    const gone = mkdtempSync(join(directory, 'gone-'));
    const passphrase = join(directory, 'passphrase');
    writeFileSync(passphrase, 'secret\n');
    const out = join(gone, 'a.key');
    const command = new RunningCommand(
      ['keygen', '--prefix', 'y', '--out', out, '--new-passphrase', passphrase],
      { program: words, cwd: '/proc', environment: { HOME: '/proc', TMPDIR: '/proc' } },
    );
    await command.printed(/begins with y/);
    rmSync(gone, { recursive: true });
    await command.printed(/Nor can the key that was found be written to \/proc\. It is in memory alone/);
    mkdirSync(gone);
    const ended = await command.ended();
    assert.equal(ended.code, 0, ended.err);
    assert.match(ended.out, /^y\w{51}\n$/);
    assert.match(readFileSync(out, 'latin1'), new RegExp(`^Public key: ${ended.out.trim()}\n`));
    rmSync(gone, { recursive: true });
    rmSync(passphrase);
  });

  test(`a prefix is for a new key, ${name}`, { skip }, async () => {
    const { code, err } = await pkarrd(['keygen', '--prefix', 'y', '--from', 'file'], { program: words });
    assert.equal(code, 2);
    assert.match(
      err,
      /^pkarrd: keygen: --prefix makes a new key, and --from imports one\. Give one of the two\.\n/,
    );
  });
}
