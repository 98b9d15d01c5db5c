import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { isMetered } from '../../../src/system/links/metered.ts';

/** Files as NetworkManager 1.52 and systemd-networkd 257 write them, for the interface `wan` with the number 3. */
const UEVENT = 'INTERFACE=wan\nIFINDEX=3\n';
const DEVICE =
  '# This is private data. Do not parse.\n[device]\nmanaged=1\nconnection-uuid=11d5a0c8\nnm-owned=0\nroute-metric-default-ip4=100\n';
const profile = (uuid: string, type: string, more = '') =>
  `[connection]\nid=Some network\nuuid=${uuid}\ntype=${type}\n${more}\n[ipv4]\nmethod=auto\n`;
const lease = (vendor: string) =>
  `# This is private data. Do not parse.\nADDRESS=45.0.0.2\nNETMASK=255.255.255.0\nVENDOR_SPECIFIC=${vendor}\n`;

async function metered(files: Readonly<Record<string, string>>, prepare?: (root: string) => void) {
  const root = mkdtempSync(join(tmpdir(), 'pkarrd-metered-'));
  try {
    for (const [name, text] of Object.entries({
      'sys/wan/ifindex': '3\n',
      'sys/wan/uevent': UEVENT,
      ...files,
    })) {
      mkdirSync(dirname(join(root, name)), { recursive: true });
      writeFileSync(join(root, name), text);
    }
    prepare?.(root);
    return await isMetered('wan', {
      interfaces: join(root, 'sys'),
      devices: join(root, 'devices'),
      profiles: [join(root, 'etc'), join(root, 'run')],
      leases: join(root, 'leases'),
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('a connection is metered if the user says so, or else if it is a mobile network or a phone that shares its own', async () => {
  const other = { 'etc/other.nmconnection': profile('22e5', '802-3-ethernet', 'metered=1') };
  const cases: readonly (readonly [boolean, Readonly<Record<string, string>>])[] = [
    [false, {}],
    [false, { 'devices/3': DEVICE, 'etc/wan.nmconnection': profile('11d5a0c8', 'wifi') }],
    [true, { 'devices/3': DEVICE, 'etc/wan.nmconnection': profile('11d5a0c8', 'wifi', 'metered=1') }],
    [true, { 'devices/3': DEVICE, 'run/wan.nmconnection': profile('11d5a0c8', 'wifi', 'metered = yes') }],
    [true, { 'devices/3': DEVICE, 'etc/wan.nmconnection': profile('11d5a0c8', 'gsm') }],
    [false, { 'devices/3': DEVICE, 'etc/wan.nmconnection': profile('11d5a0c8', 'gsm', 'metered=2') }],
    // Of the profile of another interface nothing follows.
    [false, { 'devices/3': DEVICE, ...other }],
    [false, { 'devices/4': DEVICE, 'etc/wan.nmconnection': profile('11d5a0c8', 'wifi', 'metered=1') }],
    [true, { 'sys/wan/uevent': `DEVTYPE=wwan\n${UEVENT}` }],
    [true, { 'leases/3': lease(Buffer.from('ANDROID_METERED').toString('hex')) }],
    [false, { 'leases/3': lease('0104c0000201') }],
  ];
  for (const [is, files] of cases) assert.equal(await metered(files), is, JSON.stringify(files));
});

test('what cannot be read says nothing, and a FIFO in its place is not waited for', async () => {
  const here = { 'devices/3': DEVICE };
  const fifo = (name: string) => (root: string) => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    execFileSync('mkfifo', [join(root, name)]);
  };
  assert.equal(await metered(here, fifo('etc/a.nmconnection')), false);
  assert.equal(await metered({}, fifo('devices/3')), false);
  assert.equal(await metered({ 'etc/a.nmconnection': profile('11d5a0c8', 'wifi', 'metered=1') }), false);
  assert.equal(await metered({ ...here, 'etc/a/b': '' }), false, 'a directory');
});
