import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ListenAddress } from '../../src/config/listen-address.ts';
import { dropIns } from '../../src/install/service-drop-ins.ts';
import { listenFile, systemdFiles, units } from '../../src/install/systemd-units.ts';
import { root } from '../support/installed-package.ts';

test('the folder systemd has the units of /usr/bin/pkarrd; node dist/tools/build-units.js writes it', () => {
  const read = (name: string) => readFileSync(join(root, 'systemd', name), 'utf8');
  for (const [name, text] of Object.entries(units(['/usr/bin/pkarrd']))) assert.equal(read(name), text, name);
  for (const { name, content } of dropIns) {
    assert.equal(read(join('pkarrd.service.d', name)), content, name);
  }
});

test('a program whose path systemd would understand otherwise is quoted as systemd.service(5) says', () => {
  const file = systemdFiles(['/opt/my node/bin/node', '/opt/50%/$HOME/"main".js'], {
    version: 257,
    needsHelper: true,
  }).find(({ path }) => path.endsWith('/pkarrd.service'));
  assert.match(
    file?.content ?? '',
    /^ExecStart="\/opt\/my node\/bin\/node" "\/opt\/50%%\/\$\$HOME\/\\"main\\".js" serve$/m,
  );
});

test('a systemd gets the drop-ins that it understands', () => {
  const namesOf = (version: number, needsHelper = true) =>
    systemdFiles(['/usr/bin/pkarrd'], { version, needsHelper })
      .filter(({ path }) => path.includes('.service.d/'))
      .map(({ path }) => path.split('/').at(-1));
  assert.deepEqual(namesOf(252), ['before-253.conf']);
  // The one file needs nobody to talk for it, so that nobody else may.
  assert.deepEqual(namesOf(252, false), []);
  assert.deepEqual(namesOf(253), ['from-253.conf']);
  assert.deepEqual(namesOf(257), ['from-253.conf', 'from-254.conf']);
});

test('addresses are opened beside loopback, and a wildcard in the place of the loopback address that it has in it', () => {
  const opened = (...addresses: readonly ListenAddress[]) =>
    [...listenFile(addresses).content.matchAll(/^ListenDatagram=(.+)$/gm)].map(([, text]) => text);
  const at = (host: string, port = 53): ListenAddress => ({ host, port });
  assert.deepEqual(opened(at('192.168.1.2')), ['127.0.0.1:53', '[::1]:53', '192.168.1.2:53']);
  assert.deepEqual(opened(at('0.0.0.0')), ['[::1]:53', '0.0.0.0:53']);
  assert.deepEqual(opened(at('::')), ['127.0.0.1:53', '[::]:53']);
  assert.deepEqual(opened(at('0:0:0:0:0:0:0:1'), at('0.0.0.0', 5353)), [
    '127.0.0.1:53',
    '[0:0:0:0:0:0:0:1]:53',
    '0.0.0.0:5353',
  ]);
});
