import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { onEachProgram } from '../support/programs.ts';
import { startTestDht } from '../support/test-dht.ts';

/** Zone files of domains as they are exported, and what `dig` is to show of each under a key. */
const zones = 'test/vectors/zones';
const moved: readonly (readonly [file: string, domain: string])[] = [
  ['bind.zone', 'example.com'],
  ['mail.zone', 'example.org'],
  ['cloudflare.txt', 'Example.COM.'],
  ['services.zone', 'example.net'],
];

const dht = await startTestDht();
const { bootstrap, network, path } = dht;
let resolver: RunningCommand;
let port = '';

before(async () => {
  const serve = [
    'serve',
    '--listen',
    '127.0.0.1:0',
    '--upstream',
    '192.0.2.53',
    '--dht-listen',
    '127.0.0.1:0',
  ];
  resolver = new RunningCommand([...serve, ...network]);
  port = (await resolver.printed(/127\.0\.0\.1:(\d+)/))[1] ?? '';
});

after(async () => {
  await resolver.stop();
  await dht.close();
});

/** Lines of `dig` for one name and type, white space as one blank. */
async function dig(name: string, type: string): Promise<readonly string[]> {
  const words = [
    '@127.0.0.1',
    '-p',
    port,
    '+noall',
    '+answer',
    '+nosplit',
    '+time=10',
    '-q',
    name,
    '-t',
    type,
  ];
  const { stdout } = await promisify(execFile)('dig', words);
  return (
    stdout
      .split('\n')
      .filter((line) => line !== '')
      // Older versions of dig have no name for the parameter of RFC 9461.
      .map((line) => line.replace(/[\t ]+/g, ' ').replace(' key7=', ' dohpath='))
  );
}

/** A record without its TTL, which goes down while it is cached. */
function withoutTtl(line: string): string {
  return line.replace(/^(\S+) \d+ /, '$1 ');
}

onEachProgram((options) => {
  for (const [file, domain] of moved) {
    test(`${file} of ${domain} is published under a key, and dig finds each of its records and no other`, async () => {
      const { keyFile, key } = dht.newKey(file);
      const args = ['publish', join(zones, file), '--origin', domain, '--key', keyFile, '--yes', ...network];
      const published = await pkarrd(args, options);
      assert.equal(published.code, 0, published.err);
      assert.match(published.out, /^Published \d{3} of 995 bytes under /);
      assert.match(
        published.err,
        /: Left out: SOA \(line \d+\) and NS \(lines? \d+(?: and \d+)?\) of example\.\w+, /,
      );
      const expected = readFileSync(join(zones, file.replace(/\.\w+$/, '.expected')), 'utf8')
        .replaceAll('KEY', key)
        .split('\n')
        .filter((line) => line !== '');
      const sets = new Map<string, string[]>();
      for (const line of expected) {
        const [owner = '', , , type = ''] = line.split(' ');
        sets.set(`${owner} ${type}`, [...(sets.get(`${owner} ${type}`) ?? []), line]);
      }
      for (const [set, wanted] of sets) {
        const [owner = '', type = ''] = set.split(' ');
        const found = await dig(owner, type);
        assert.deepEqual(found.map(withoutTtl).sort(), wanted.map(withoutTtl).sort(), set);
      }
      const { out } = await pkarrd(['resolve', key, '--newest', ...network], options);
      const heads = (lines: readonly string[]) =>
        lines.map((line) => line.split(' ').slice(0, 4).join(' ')).sort();
      assert.deepEqual(heads(out.split('\n').filter((line) => / IN /.test(line))), heads(expected));
    });
  }

  test('a zone file with every mistake is refused, with all of them at once, and nothing is published', async () => {
    const { keyFile, key } = dht.newKey('mistakes');
    const file = join(zones, 'mistakes.zone');
    const args = ['publish', file, '--origin', 'example.com', '--key', keyFile, ...network];
    const { code, out, err } = await pkarrd(args, options);
    assert.deepEqual([code, out], [1, '']);
    const expected = readFileSync(join(zones, 'mistakes.expected'), 'utf8');
    assert.equal(err, expected.replace(/^(?=.)/gm, `pkarrd: ${file}:`));
    const { err: nothing } = await pkarrd(['resolve', key, ...network], options);
    assert.match(nothing, /No packet is published under/);
  });

  test('an export of Cloudflare: what was done is told, and what was hidden behind the proxy', async () => {
    const { keyFile, key } = dht.newKey('told');
    const file = join(zones, 'cloudflare.txt');
    const args = ['publish', file, '--origin', 'example.com', '--key', keyFile];
    const { code, out, err } = await pkarrd([...args, '--dry-run'], options);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`^; key {2}${key}\n; size \\d+ of 995 bytes\n`));
    assert.match(
      err,
      /note: .*A TTL of 1 in an export of Cloudflare means "automatic"; 300 is published \(lines 16, /,
    );
    assert.match(
      err,
      /note: .*Text is published as it is written, also where it names example\.com: TXT \(line 38\)\./,
    );
    assert.match(err, /warning: .*cloudflare\.txt:16:1: This record and 2 more .* behind Cloudflare's proxy/);
    // What the dry run prints is a zone file of the key.
    writeFileSync(path('converted.zone'), out);
    const again = await pkarrd(['publish', path('converted.zone'), '--key', keyFile, '--dry-run'], options);
    assert.deepEqual([again.code, again.out, again.err], [0, out, '']);
    // Where records lead that were hidden is published only when that is meant.
    const asked = await pkarrd([...args, ...network], options);
    assert.deepEqual([asked.code, asked.out], [2, '']);
    assert.match(
      asked.err,
      /cloudflare\.txt:16:1: This record and 2 more \(cf-proxied:true, lines \d+, \d+\)/,
    );
    assert.match(
      asked.err,
      /stood behind a proxy, and there is no terminal to ask on; give --yes to publish where they lead/,
    );
    const typed = args.with(3, 'Example.COM.');
    const published = await pkarrd([...typed, '--yes', ...network], options);
    assert.ok(
      published.err.endsWith(`Names of example.com are names of the key now: www.example.com is www.${key}.
Look at it:
  pkarrd resolve ${key} --newest --bootstrap ${bootstrap}
Nodes forget it after some days. To keep it published, put these lines into the configuration of pkarrd serve, and run pkarrd reload:
  [[publish]]
  zone = "${resolvePath(file)}"
  key = "${keyFile}"
  origin = "example.com"
`),
      published.err,
    );
  });
});

test('the file of another domain is refused with the one that it is of, and a wrong --origin with what it takes', async () => {
  const { keyFile } = dht.newKey('other');
  const args = (file: string, domain: string) => [
    'publish',
    join(zones, file),
    '--origin',
    domain,
    '--key',
    keyFile,
    '--dry-run',
  ];
  for (const [file, domain, line, is] of [
    ['mail.zone', 'example.com', 3, 'example.org'],
    ['cloudflare.txt', 'example.net', 9, 'example.com'],
  ] as const) {
    const { code, err } = await pkarrd(args(file, domain));
    assert.equal(code, 1);
    assert.equal(
      err,
      `pkarrd: ${join(zones, file)}:${line}:1: This file is of the zone ${is}, as its SOA record says, and not of ${domain}: ` +
        `move ${is}, or give the file of ${domain}.\n`,
    );
  }
  for (const domain of ['.', 'a..b', `${'a'.repeat(64)}.example`]) {
    const { code, err } = await pkarrd(args('mail.zone', domain));
    assert.equal(code, 2);
    assert.match(
      err,
      /^pkarrd: publish: --origin takes the domain that the zone file was written for, such as example\.com, not "/,
    );
  }
});
