import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { type CommandOptions, pkarrd as run } from '../support/command.ts';
import { onEachProgram } from '../support/programs.ts';
import { startTestDht } from '../support/test-dht.ts';

const dht = await startTestDht({ nodes: 24 });
after(() => dht.close());
const { bootstrap } = dht;

onEachProgram(({ program }) => {
  const directory = dht.path(basename(program.at(-1) ?? ''));
  const zone = join(directory, 'zone');
  const keyFile = join(directory, 'the.key');
  const pkarrd = (args: readonly string[], options: CommandOptions = {}) =>
    run(args, { program, ...options });
  const resolve = (...args: string[]) => pkarrd(['resolve', ...args, '--bootstrap', bootstrap]);
  const publish = (...args: string[]) => pkarrd(['publish', ...args, '--bootstrap', bootstrap]);
  let key = '';

  before(async () => {
    mkdirSync(directory);
    const made = await pkarrd(['keygen', '--out', keyFile]);
    key = made.out.trim();
    writeFileSync(
      zone,
      '$TTL 60\n@ A 192.0.2.1\nwww CNAME @\n*.w TXT "x"\na.b A 192.0.2.3\nout CNAME www.example.com.\n',
    );
  });

  test('keygen prints the public key alone and keeps the secret in a file of its own', async () => {
    const { code, out, err } = await pkarrd(['keygen'], { cwd: directory });
    const made = out.trim();
    assert.equal(code, 0);
    assert.match(out, /^[ybndrfg8ejkmcpqxot1uwisza345h769]{52}\n$/);
    assert.equal(err, `The secret key was written to ${made}.key.\n`);
    assert.equal(statSync(join(directory, `${made}.key`)).mode & 0o777, 0o600);
    const seed = readFileSync(join(directory, `${made}.key`), 'latin1').trim();
    assert.equal(`${out}${err}`.includes(seed), false);
  });

  test('keygen never overwrites a file', async () => {
    const { code, out, err } = await pkarrd(['keygen', '--out', keyFile]);
    assert.deepEqual([code, out], [1, '']);
    assert.equal(err, `pkarrd: This file exists, and a key is not overwritten without --force: ${keyFile}\n`);
    const json = await pkarrd(['keygen', '--json', '--out', join(directory, 'other.key')]);
    assert.equal(JSON.parse(json.out).key.length, 52);
  });

  test('certificate authorities that cannot be read are told with the line that names them', async () => {
    const config = join(directory, 'authorities.toml');
    writeFileSync(config, 'upstream-ca = "/nonexistent"\n');
    for (const command of ['resolve', 'publish']) {
      const subject = command === 'resolve' ? [key] : [zone, '--key', keyFile];
      const { code, err } = await pkarrd([command, ...subject, '--config', config, '--bootstrap', bootstrap]);
      assert.notEqual(code, 0);
      assert.ok(err.includes(`${config}:1: /nonexistent cannot be used as CA certificates`), err);
    }
  });

  test('a dry run shows records and bytes and needs no network', async () => {
    const { code, out } = await pkarrd(['publish', zone, '--key', keyFile, '--dry-run']);
    assert.equal(code, 0);
    assert.match(out, /^; size \d+ of 995 bytes$/m);
    assert.ok(out.includes(`www.${key}. 60 IN CNAME ${key}.\n`));
    const json = JSON.parse((await pkarrd(['publish', zone, '--key', keyFile, '--dry-run', '--json'])).out);
    assert.deepEqual([json.key, json.maxBytes, json.records.length], [key, 995, 5]);
  });

  test('faults of a zone file are told with line and column, all of them', async () => {
    const bad = join(directory, 'bad');
    writeFileSync(bad, '@ A 192.0.2.1\n@ A 999.1.1.1\nwww FOO x\n');
    const { code, err } = await publish(bad, '--key', keyFile);
    assert.equal(code, 1);
    assert.match(err, /^pkarrd: .*bad:2:5: .*\npkarrd: .*bad:3:5: .*\n$/);
  });

  test('a key that others can read is refused', async () => {
    const open = join(directory, 'open.key');
    writeFileSync(open, readFileSync(keyFile));
    chmodSync(open, 0o644);
    const { code, err } = await publish(zone, '--key', open);
    assert.equal(code, 1);
    assert.match(err, /Run: chmod 600 /);
  });

  test('what is published can be resolved: the zone, a name, a question, and its absence', async () => {
    const published = await publish(zone, '--key', keyFile);
    assert.equal(published.code, 0, published.err);
    assert.match(
      published.out,
      new RegExp(
        `^Published \\d+ of 995 bytes under ${key},\ndated 20.*Z, in \\d+\\.\\d s\\.\n20 of 20 nodes hold it\\.\n$`,
      ),
    );

    const whole = await resolve(key);
    assert.equal(whole.code, 0, whole.err);
    assert.match(whole.out, new RegExp(`^; key +${key}$`, 'm'));
    assert.match(whole.out, /^; signature +[0-9a-f]{128}$/m);
    assert.match(whole.out, /^; timestamp +20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \(\d{16}\)$/m);
    assert.match(whole.out, /^; age +\d+ seconds?$/m);
    assert.match(whole.out, /^; size +\d+ of 995 bytes$/m);
    assert.match(whole.out, /^; held by +\d+ of \d+ nodes that answered$/m);
    assert.match(whole.err, /^First packet after \d+ ms, from 127\.0\.0\.1:\d+, of 20/);
    assert.equal(whole.out.split('\n').filter((line) => / IN /.test(line)).length, 5);

    const cases: readonly (readonly [args: readonly string[], code: number, pattern: RegExp])[] = [
      [[`www.${key}`, 'A'], 0, /CNAME.*\n.* A 192\.0\.2\.1\n$/],
      [[`www.${key}`], 0, / CNAME [^\n]*\n$/],
      [[`https://user@www.${key.toUpperCase()}:80/${key}`, 'a'], 0, / A 192\.0\.2\.1\n$/],
      [[`pk:${key}`, 'A'], 0, / A 192\.0\.2\.1\n$/],
      [[`any.w.${key}`], 0, /^any\.w\.[^\n]* TXT "x"\n$/m],
      [[`out.${key}`, 'A'], 0, /; The target of the alias is not in this packet: www\.example\.com\.\n$/],
      [[key, 'MX'], 1, /exists and has no MX records \(NODATA\)\.\n$/],
      [[`b.${key}`], 1, /exists and has no records of its own \(NODATA\)\.\n$/],
      [[`no.${key}`, 'A'], 1, /does not exist in this packet \(NXDOMAIN\)\.\n$/],
    ];
    // Two at a time: nine at once take so much of a busy machine from each other that nodes seem not to answer.
    const left = [...cases];
    const askNext = async (): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        const [args, code, pattern] = next;
        const result = await resolve(...args);
        assert.match(result.out, pattern, `${args.join(' ')}: ${result.err}`);
        assert.equal(result.code, code, args.join(' '));
      }
    };
    await Promise.all([askNext(), askNext()]);
  });

  test('what resolve prints can be published again', async () => {
    const other = join(directory, 'again');
    await publish(zone, '--key', keyFile);
    const first = await resolve(key);
    writeFileSync(other, first.out);
    const again = await publish(other, '--key', keyFile, '--json');
    assert.equal(again.code, 0, again.err);
    const second = await resolve(key);
    const records = (text: string) => text.split('\n').filter((line) => !line.startsWith(';'));
    assert.deepEqual(records(second.out), records(first.out));
    assert.notEqual(second.out, first.out);
  });

  test('resolve speaks JSON', async () => {
    await publish(zone, '--key', keyFile);
    const json = JSON.parse((await resolve(`www.${key}`, 'A', '--json')).out);
    assert.deepEqual([json.key, json.name, json.type, json.result], [key, `www.${key}.`, 'A', 'answer']);
    assert.deepEqual(
      json.records.map(({ type, rdata }: { type: string; rdata: string }) => [type, rdata]),
      [
        ['CNAME', `${key}.`],
        ['A', '192.0.2.1'],
      ],
    );
    assert.match(json.signature, /^[0-9a-f]{128}$/);
    assert.ok(json.lookup.held > 0 && json.lookup.held <= json.lookup.answered);
  });

  test('a key that published nothing is told with what the nodes said', async () => {
    const { out } = await pkarrd(['keygen', '--out', join(directory, 'silent.key')]);
    const { code, err } = await resolve(out.trim());
    assert.equal(code, 1);
    assert.match(
      err,
      /No packet is published under .*: (\d+) nodes answered, and \1 of them have no packet for it\.\n$/,
    );
  });

  test('with the DHT off there is nobody to ask', async () => {
    const environment = { PKARRD_DHT: 'off', PKARRD_RELAY_USE: 'off' };
    const { code, err } = await pkarrd(['resolve', key], { environment });
    assert.equal(code, 1);
    assert.match(
      err,
      /^pkarrd: The DHT is off \(dht = off\) and no relay is configured, so there is no network to use\.\n$/,
    );
  });
});
