import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { writeKeyFile } from '../../src/publish/key-file.ts';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { startTestDht } from '../support/test-dht.ts';

const dht = await startTestDht();
after(() => dht.close());
const { bootstrap, path } = dht;
const key = KeyPair.generate();
const friend = KeyPair.generate();
const name = key.publicKey.text;

before(() => {
  writeKeyFile(path('my.key'), key);
  writeKeyFile(path('friend.key'), friend);
  writeFileSync(path('my.zone'), '@ A {external_ipv4}\nwww A 192.0.2.1\n');
  writeFileSync(path('friend.zone'), '@ A 192.0.2.7\n');
  writeFileSync(
    path('pkarrd.toml'),
    `bootstrap = ["${bootstrap}"]
listen = ["127.0.0.1:0"]
upstream = ["192.0.2.53"]
dht-listen = "127.0.0.1"

[[publish]]
zone = "my.zone"
key = "my.key"
name = "home"

[[keep]]
key = "pk:${friend.publicKey}"
name = "friend"
`,
  );
});

test('serve publishes its zones, keeps the keys of others, and status tells of each', async () => {
  const friendly = await pkarrd([
    'publish',
    path('friend.zone'),
    '--key',
    path('friend.key'),
    '--bootstrap',
    bootstrap,
  ]);
  assert.equal(friendly.code, 0, friendly.err);
  const environment = { STATE_DIRECTORY: path('state') };
  const serving = new RunningCommand(['serve', '--config', path('pkarrd.toml')], { environment });
  const log = (
    await serving.printed(
      /A zone is published\.[^\n]*\n(?:.*\n)*.*A packet is kept\.|A packet is kept\.[^\n]*\n(?:.*\n)*.*A zone is published\.[^\n]*\n/,
    )
  )[0];
  assert.equal(log.includes(name), false);
  const { out } = await pkarrd(['status', '--state-dir', path('state')]);
  assert.match(
    out,
    new RegExp(
      `^publish {5}home \\(${name}\\) held, held by 20 of 20 nodes, \\d+ s ago, next in (5\\d min|1 h \\d min)$`,
      'm',
    ),
  );
  assert.match(
    out,
    new RegExp(`^keep {8}friend \\(${friend.publicKey}\\) held, held by 20 of 20 nodes`, 'm'),
  );

  writeFileSync(path('my.zone'), '@ A {external_ipv4}\nwww A 192.0.2.2\n');
  const found = await untilResolved(`www.${name}`, '192.0.2.2');
  assert.equal(found, '192.0.2.2');
  const home = await pkarrd(['resolve', name, 'A', '--short', '--bootstrap', bootstrap]);
  assert.equal(home.out, '127.0.0.1\n');
  writeFileSync(path('my.zone'), '@ A x\n');
  await serving.printed(/my\.zone:1:5: /);
  const broken = JSON.parse((await pkarrd(['status', '--json', '--state-dir', path('state')])).out);
  assert.match(broken.publications[0].problem, /my\.zone:1:5: "x" is not an IPv4 address/);
  assert.equal((await serving.stop()).code, 0);
});

test('check tells what is wrong with the tables and with the files that they name', async () => {
  writeFileSync(path('my.zone'), '@ A 192.0.2.1\n');
  const good = await pkarrd(['check', '--config', path('pkarrd.toml')]);
  assert.equal(good.code, 0, good.err);
  assert.match(good.out, /^publish: \S+my\.zone with \S+my\.key, from \S+pkarrd\.toml:6$/m);
  assert.match(good.out, /^keep: pk:[a-z0-9]{52}, from \S+pkarrd\.toml:11$/m);
  writeFileSync(
    path('bad.toml'),
    '[[publish]]\nzone = "no.zone"\nkey = "my.key"\n[[publish]]\nzone = "a"\nkey = "no.key"\n',
  );
  const bad = await pkarrd(['check', '--config', path('bad.toml')]);
  assert.equal(bad.code, 1);
  assert.match(
    bad.err,
    /bad\.toml:1: the zone file cannot be published: \S+no\.zone: there is no such file\n/,
  );
  assert.match(bad.err, /bad\.toml:4: The key file \S+no\.key cannot be read: there is no such file\.\n/);
  const keys = `[[keep]]\nkey = "${name}"\n[[keep]]\nkey = "pk:${name}"\n[[keep]]\nkey = "x"\n`;
  writeFileSync(path('keys.toml'), keys);
  const { err } = await pkarrd(['check', '--config', path('keys.toml')]);
  assert.match(err, /keys\.toml:3: the key is already kept by \S+keys\.toml:1\.\n/);
  assert.match(err, /keys\.toml:5: "x" is not a key: /);
});

/** Asks until the answer is the one that is expected: the file is looked at each second. */
async function untilResolved(wanted: string, expected: string): Promise<string> {
  for (let tries = 0; ; tries++) {
    const { out } = await pkarrd(['resolve', wanted, 'A', '--short', '--newest', '--bootstrap', bootstrap]);
    if (out.trim() === expected || tries === 20) return out.trim();
  }
}

test('a [[publish]] table may name the domain that its zone file was written for', async () => {
  writeKeyFile(path('moved.key'), key);
  writeFileSync(
    path('moved.zone'),
    'example.com. SOA ns root 1 1h 1h 1h 1h\nwww.example.com. A 192.0.2.33\n',
  );
  const table = '[[publish]]\nzone = "moved.zone"\nkey = "moved.key"\norigin = "example.com"\n';
  const settings = `bootstrap = ["${bootstrap}"]\nlisten = ["127.0.0.1:0"]\nupstream = ["192.0.2.53"]\ndht-listen = "127.0.0.1"\n`;
  writeFileSync(path('moved.toml'), `${settings}${table}`);
  const check = await pkarrd(['check', '--config', path('moved.toml')]);
  assert.equal(check.code, 0, check.err);
  assert.match(check.out, /^publish: \S+moved\.zone for example\.com with \S+moved\.key, from /m);
  const serving = new RunningCommand(['serve', '--config', path('moved.toml')]);
  await serving.printed(/A zone is published\./);
  assert.equal(await untilResolved(`www.${name}`, '192.0.2.33'), '192.0.2.33');
  await serving.stop();
  writeFileSync(path('moved.toml'), `${settings}${table.replace('example.com', 'example.org')}`);
  const wrong = await pkarrd(['check', '--config', path('moved.toml')]);
  assert.match(wrong.err, /moved\.zone:1:1: This file is of the zone example\.com, as its SOA record says/);
});
