import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { CertificateFiles } from '../../../src/serve/certificate/certificate-files.ts';
import { TestAuthority, type TestCertificate } from '../../support/test-certificate.ts';

const authority = await TestAuthority.create();
after(() => authority[Symbol.asyncDispose]());
const old = await authority.issue({ names: 'DNS:old.example' });
const renewed = await authority.issue({ names: 'DNS:new.example' });

/** Looks are made by hand: the time between two of them is an hour. */
async function watching(t: TestContext, make: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'certificate-files-'));
  await make(folder);
  const events: string[] = [];
  const files = await CertificateFiles.open(
    { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') },
    {
      onEvent: (event) =>
        events.push(event.kind === 'renewed' ? `renewed ${event.certificate.names}` : event.problem),
      onBug: assert.ifError,
      lookEvery: 3_600_000,
    },
  );
  t.after(async () => {
    files.close();
    await rm(folder, { recursive: true });
  });
  return { folder, files, events };
}

const put = (folder: string, name: string, text: string) => writeFile(join(folder, name), text);

async function putBoth(folder: string, { cert, key }: TestCertificate): Promise<void> {
  await put(folder, 'cert.pem', cert);
  await put(folder, 'key.pem', key);
}

test('a certificate and a key that come one after the other count when both are there, and nothing is told between', async (t) => {
  const { folder, files, events } = await watching(t, (made) => putBoth(made, old));
  const heard: string[] = [];
  files.onChange(({ names }) => heard.push(names.join()));
  await put(folder, 'cert.pem', renewed.cert);
  await files.look();
  assert.deepEqual([files.current.names, events], [['old.example'], []]);
  await put(folder, 'key.pem', renewed.key);
  await files.look();
  assert.deepEqual(
    [files.current.names, events, heard],
    [['new.example'], ['renewed new.example'], ['new.example']],
  );
});

test('files that stay unusable are told once, and the certificate before stays', async (t) => {
  const { folder, files, events } = await watching(t, (made) => putBoth(made, old));
  await put(folder, 'key.pem', renewed.key);
  for (let looks = 0; looks < 5; looks++) await files.look();
  assert.deepEqual(files.current.names, ['old.example']);
  assert.equal(events.length, 1);
  assert.match(events[0] ?? '', /key\.pem is not that of the certificate/);
  await rm(join(folder, 'key.pem'));
  for (let looks = 0; looks < 5; looks++) await files.look();
  assert.match(events.slice(1).join('\n'), /^The key .*key\.pem cannot be read: there is no such file\.$/);
  await put(folder, 'key.pem', old.key);
  await files.look();
  assert.equal(events.length, 2);
});

test('a symbolic link that leads elsewhere is followed, as certbot has it in live/', async (t) => {
  const { folder, files, events } = await watching(t, async (made) => {
    await put(made, 'cert1.pem', old.cert);
    await put(made, 'key1.pem', old.key);
    await symlink('cert1.pem', join(made, 'cert.pem'));
    await symlink('key1.pem', join(made, 'key.pem'));
  });
  await put(folder, 'cert2.pem', renewed.cert);
  await put(folder, 'key2.pem', renewed.key);
  for (const name of ['cert', 'key']) {
    await symlink(`${name}2.pem`, join(folder, `${name}.new`));
    await rename(join(folder, `${name}.new`), join(folder, `${name}.pem`));
  }
  await files.look();
  assert.deepEqual([files.current.names, events], [['new.example'], ['renewed new.example']]);
});

test('files that were touched and hold the same are no news', async (t) => {
  const { folder, files, events } = await watching(t, (made) => putBoth(made, old));
  files.onChange(() => assert.fail('nothing changed'));
  await putBoth(folder, old);
  await files.look();
  assert.deepEqual(events, []);
});

test('the files are looked at by themselves', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'certificate-files-'));
  await putBoth(folder, old);
  const changed = deferred<string>();
  const files = await CertificateFiles.open(
    { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') },
    { onEvent: () => {}, onBug: assert.ifError, lookEvery: 5 },
  );
  t.after(() => rm(folder, { recursive: true }));
  files.onChange(({ names }) => changed.resolve(names.join()));
  // Its timer does not keep the program running.
  const keep = setInterval(() => {}, 1_000);
  await putBoth(folder, renewed);
  assert.equal(await changed.promise, 'new.example');
  clearInterval(keep);
  files.close();
});

function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
