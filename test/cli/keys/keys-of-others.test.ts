import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PublicKey } from '../../../src/pkarr/public-key.ts';
import { toZBase32 } from '../../../src/pkarr/z-base32.ts';
import { readVectors } from '../../pkarr/vectors.ts';
import { pkarrd } from '../../support/command.ts';
import { programs } from '../../support/programs.ts';

/** What other programs made, with the public keys that they say. */
interface Vectors {
  readonly words: readonly { readonly words: string; readonly entropy?: string; readonly pubky: string }[];
  readonly recoveryFiles: readonly {
    readonly seed: string;
    readonly passphrase: string;
    readonly file: string;
  }[];
  readonly pkdns: { readonly seed: string; readonly publicKey: string };
}

const vectors = readVectors<Vectors>('keys-of-others');
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-keys-of-others-'));
after(() => rmSync(directory, { recursive: true }));
const path = (name: string) => join(directory, name);
let count = 0;

/** Runs a program of others to its end. */
function run(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: directory, encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** The public key of a SubjectPublicKeyInfo in PEM. */
function ofPem(pem: string): string {
  return PublicKey.fromBytes(createPublicKey(pem).export({ format: 'der', type: 'spki' }).subarray(-32)).text;
}

/** The public key of a line `ssh-ed25519 AAAA… comment`. */
function ofOpenssh(line: string): string {
  return PublicKey.fromBytes(Buffer.from(line.split(' ')[1] ?? '', 'base64').subarray(-32)).text;
}

for (const program of programs) {
  const options = { skip: program.skip };
  const keygen = async (file: string, ...words: readonly string[]) =>
    await pkarrd(['keygen', '--from', path(file), '--out', path(`${count++}.key`), ...words], {
      program: program.words,
    });
  const imported = async (file: string, ...words: readonly string[]) => {
    const { code, out, err } = await keygen(file, ...words);
    assert.equal(code, 0, err);
    return out.trim();
  };

  test(`keys of openssl are the same key, ${program.name}`, options, async () => {
    writeFileSync(path('passphrase'), 'p\xe4ss\n');
    run('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', 'plain.pem');
    const publicKey = ofPem(run('openssl', 'pkey', '-in', 'plain.pem', '-pubout'));
    run('openssl', 'pkey', '-in', 'plain.pem', '-outform', 'DER', '-out', 'plain.der');
    run('openssl', 'pkey', '-in', 'plain.pem', '-aes256', '-passout', 'file:passphrase', '-out', 'aes.pem');
    for (const file of ['plain.pem', 'plain.der']) assert.equal(await imported(file), publicKey, file);
    assert.equal(await imported('aes.pem', '--passphrase', path('passphrase')), publicKey);
    writeFileSync(path('wrong'), 'q');
    const wrong = await keygen('aes.pem', '--passphrase', path('wrong'));
    assert.deepEqual([wrong.code, wrong.out], [1, '']);
    assert.match(wrong.err, /^pkarrd: \S+aes\.pem: The passphrase does not open it\.\n$/);
  });

  test(
    `a key that openssl encrypts with scrypt is opened, or it is said how, ${program.name}`,
    options,
    async () => {
      writeFileSync(path('passphrase'), 'abc\n');
      run('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', 's.pem');
      run(
        'openssl',
        'pkcs8',
        '-topk8',
        '-in',
        's.pem',
        '-scrypt',
        '-passout',
        'file:passphrase',
        '-out',
        'scrypt.pem',
      );
      const { code, out, err } = await keygen('scrypt.pem', '--passphrase', path('passphrase'));
      if (code === 0) assert.equal(out.trim(), ofPem(run('openssl', 'pkey', '-in', 's.pem', '-pubout')));
      else assert.match(err, /encrypted in a way that pkarrd does not know.*openssl pkey -in FILE/);
    },
  );

  test(
    `keys of ssh-keygen are the same key, and what they are instead is said, ${program.name}`,
    options,
    async () => {
      run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'me@here', '-f', `ssh${count}`);
      const name = `ssh${count}`;
      assert.equal(await imported(name), ofOpenssh(readFileSync(path(`${name}.pub`), 'latin1')));
      const refused = async (file: string) => {
        const { code, out, err } = await keygen(file);
        assert.deepEqual([code, out], [1, '']);
        return err;
      };
      assert.match(
        await refused(`${name}.pub`),
        /This is a public key of OpenSSH; its secret is in the file/,
      );
      run('ssh-keygen', '-q', '-p', '-N', 'secret', '-f', name);
      assert.match(await refused(name), /encrypted in the way of OpenSSH.*ssh-keygen -p/);
      for (const [type, what] of [
        ['rsa', 'an RSA key'],
        ['ecdsa', 'an ECDSA key'],
      ] as const) {
        run('ssh-keygen', '-q', '-t', type, '-N', '', '-f', `${name}-${type}`);
        assert.match(
          await refused(`${name}-${type}`),
          new RegExp(`: This is ${what}; Pkarr has Ed25519 keys only\\.`),
        );
      }
      run('openssl', 'genpkey', '-algorithm', 'rsa', '-out', `${name}-rsa.pem`);
      assert.match(await refused(`${name}-rsa.pem`), /: This is an RSA key; Pkarr has Ed25519 keys only\./);
    },
  );

  test(
    `words are read only as it is said, and both public keys are shown, ${program.name}`,
    options,
    async () => {
      for (const { words, entropy, pubky } of vectors.words) {
        writeFileSync(path('words'), words);
        assert.equal(await imported('words', '--words', 'pubky'), pubky);
        if (entropy !== undefined) assert.equal(await imported('words', '--words', 'entropy'), entropy);
        else
          assert.match((await keygen('words', '--words', 'entropy')).err, /has 24 words, and these are 12\./);
        const { code, out, err } = await keygen('words');
        assert.deepEqual([code, out], [1, '']);
        assert.ok(err.includes(`--words pubky: ${pubky}`) && err.includes(entropy ?? ''), err);
        assert.equal(err.includes('several readings'), entropy !== undefined, err);
        assert.equal(err.includes('There is one reading here'), entropy === undefined, err);
        assert.throws(() => readFileSync(path(`${count - 1}.key`)), { code: 'ENOENT' });
      }
      for (const [words, why] of [
        [`${'abandon '.repeat(23)}ability`, /The checksum of the words is not right/],
        [`${'abandon '.repeat(23)}abandonn`, /Word 24 is not in the English list of BIP 39/],
      ] as const) {
        writeFileSync(path('words'), words);
        const { err } = await keygen('words', '--words', 'entropy');
        assert.match(err, why);
        assert.doesNotMatch(err, /abandon/);
      }
    },
  );

  test(`recovery files of Pubky are the same key, ${program.name}`, options, async () => {
    for (const { seed, passphrase, file } of vectors.recoveryFiles) {
      writeFileSync(path('recovery.pkarr'), Buffer.from(file, 'hex'));
      writeFileSync(path('passphrase'), passphrase);
      const key = await imported('recovery.pkarr', '--passphrase', path('passphrase'));
      writeFileSync(path('seed'), seed);
      assert.equal(key, await imported('seed'));
    }
    writeFileSync(path('wrong'), 'open');
    const { err } = await keygen('recovery.pkarr', '--passphrase', path('wrong'));
    assert.match(err, /The passphrase does not open it\./);
  });

  test(
    `seeds of pkdns are the same key, and z-base-32 is not guessed to be one, ${program.name}`,
    options,
    async () => {
      const { seed, publicKey } = vectors.pkdns;
      writeFileSync(path('seed.txt'), `${seed}\n`);
      assert.equal(await imported('seed.txt'), publicKey);
      // The first versions wrote the same octets in the letters of a public key.
      writeFileSync(path('old.txt'), toZBase32(Buffer.from(seed, 'hex')));
      assert.equal(await imported('old.txt', '--old-pkdns'), publicKey);
      const { code, out, err } = await keygen('old.txt');
      assert.deepEqual([code, out], [1, '']);
      assert.ok(err.includes(publicKey) && err.includes('--old-pkdns'), err);
    },
  );
}

const relayClients = new URL('../../../../test/browsers/relay-clients/', import.meta.url);

test('what Pubky itself makes now is the same key', {
  skip: pubky() === undefined && 'relay-clients are not installed',
}, async () => {
  const { Keypair } = pubky() ?? assert.fail();
  const keyPair = Keypair.random();
  writeFileSync(path('now.pkarr'), keyPair.createRecoveryFile('now'));
  writeFileSync(path('passphrase'), 'now');
  const { out, err } = await pkarrd([
    ...['keygen', '--from', path('now.pkarr'), '--passphrase', path('passphrase'), '--out', path('now.key')],
  ]);
  assert.equal(out.trim(), keyPair.publicKey.z32(), err);
});

/** `@synonymdev/pubky`, if it is installed. */
function pubky() {
  try {
    return createRequire(relayClients)('@synonymdev/pubky') as {
      readonly Keypair: {
        random(): {
          readonly publicKey: { z32(): string };
          createRecoveryFile(passphrase: string): Uint8Array;
        };
      };
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}
