import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialFor } from '../../src/config/credentials.ts';

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
