import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialFor, fileOrCredential } from '../../src/config/credentials.ts';
import { FileError } from '../../src/files/read-file.ts';

const environment = { CREDENTIALS_DIRECTORY: '/run/credentials/pkarrd.service' };

test('a key below the directory of keys is the credential that systemd made of it', () => {
  for (const [path, name] of [
    ['/etc/pkarrd/keys/home.key', 'keys_home.key'],
    ['/etc/pkarrd/keys/a/b.key', 'keys_a_b.key'],
  ] as const)
    assert.equal(credentialFor(path, environment), `${environment.CREDENTIALS_DIRECTORY}/${name}`);
});

test('a path below the directory of credentials is a credential as it is', () => {
  const path = `${environment.CREDENTIALS_DIRECTORY}/other.key`;
  assert.equal(credentialFor(path, environment), path);
});

test('any other path, and any path of a program without credentials, is read as it is', () => {
  for (const path of ['/etc/pkarrd/home.key', '/etc/pkarrd/keys', '/etc/pkarrd/keys-of/a', '/home/a.key'])
    assert.equal(credentialFor(path, environment), undefined);
  assert.equal(credentialFor('/etc/pkarrd/keys/home.key', {}), undefined);
  assert.equal(credentialFor('/etc/pkarrd/keys/home.key', { CREDENTIALS_DIRECTORY: 'x' }), undefined);
});

test('a certificate below its directory is the credential that systemd made of it', () => {
  const path = credentialFor('/etc/pkarrd/tls/fullchain.pem', environment);
  assert.equal(path, `${environment.CREDENTIALS_DIRECTORY}/tls_fullchain.pem`);
});

test('the file itself is taken where it can be read, else its credential, and one that systemd did not make names the restart', async () => {
  const path = '/etc/pkarrd/tls/ca.pem';
  const credential = `${environment.CREDENTIALS_DIRECTORY}/tls_ca.pem`;
  const only = (there: string) => async (place: string) => {
    if (place !== there) throw new FileError(place === path ? 'denied' : 'absent', 'it cannot be read');
    return place;
  };
  assert.equal(await fileOrCredential(path, environment, only(path)), path);
  assert.equal(await fileOrCredential(path, environment, only(credential)), credential);
  await assert.rejects(fileOrCredential(path, environment, only('nowhere')), {
    message: /was not there when the service was started.*run: systemctl restart pkarrd$/,
  });
  await assert.rejects(fileOrCredential(path, {}, only(credential)), { message: 'it cannot be read' });
  const broken = () => Promise.reject(new FileError('not-a-file', 'it is not a regular file'));
  await assert.rejects(fileOrCredential(path, environment, broken), { message: 'it is not a regular file' });
});
