import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whyHidden } from '../../src/install/program-path.ts';

const open = () => ({ mode: 0o755 });

test('a program is refused where the service could not see it', () => {
  for (const path of [
    '/home/me/pkarrd',
    '/root/.local/bin/pkarrd',
    '/tmp/pkarrd',
    '/var/tmp/x',
    '/run/user/0/x',
  ]) {
    assert.match(
      whyHidden([path], open) ?? '',
      /^A service does not see what is below \/.*Put it into \/usr\/local\/bin\.$/,
    );
  }
  assert.match(whyHidden(['/root/.nvm/node', '/usr/lib/pkarrd/main.js'], open) ?? '', /where the runtime is/);
  assert.match(whyHidden(['/usr/bin/node', '/home/me/main.js'], open) ?? '', /where the program is/);
  for (const path of ['/usr/local/bin/pkarrd', '/opt/home/pkarrd', '/roots/pkarrd', '/srv/tmp/pkarrd']) {
    assert.equal(whyHidden([path], open), undefined);
  }
});

test('a program is refused where a user of its own may not go or may not run it', () => {
  const modes = (closed: string, mode: number) => (path: string) => ({
    mode: path === closed ? mode : 0o755,
  });
  assert.match(
    whyHidden(['/opt/a/pkarrd'], modes('/opt', 0o750)) ?? '',
    /may not enter \/opt: .* chmod o\+rx \/opt$/,
  );
  assert.match(
    whyHidden(['/opt/a/pkarrd'], modes('/opt/a/pkarrd', 0o754)) ?? '',
    /may not use \/opt\/a\/pkarrd/,
  );
  assert.match(
    whyHidden(['/a/node', '/b/main.js'], modes('/b/main.js', 0o600)) ?? '',
    /may not use \/b\/main\.js/,
  );
  assert.equal(whyHidden(['/a/node', '/b/main.js'], modes('/b/main.js', 0o644)), undefined);
});
