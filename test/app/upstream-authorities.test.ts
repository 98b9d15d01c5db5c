import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { upstreamAuthorities } from '../../src/app/upstreams.ts';

test('authorities below /etc/pkarrd/tls, which only root can enter, are read as the credential of the service', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pkarrd-authorities-'));
  try {
    const settings = { upstreamCa: '/etc/pkarrd/tls/no-such-authority-here.pem' };
    const environment = { CREDENTIALS_DIRECTORY: directory };
    await assert.rejects(upstreamAuthorities(settings, environment), { message: /systemctl restart pkarrd/ });
    await writeFile(join(directory, 'tls_no-such-authority-here.pem'), rootCertificates[0] ?? '');
    assert.ok((await upstreamAuthorities(settings, environment)).context());
    await assert.rejects(upstreamAuthorities(settings, {}), { kind: 'absent' });
  } finally {
    await rm(directory, { recursive: true });
  }
});
