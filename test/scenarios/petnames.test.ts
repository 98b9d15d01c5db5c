import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { askProgram } from '../../src/control/client.ts';
import { Rcode, Type } from '../../src/dns/codes.ts';
import type { KeyPair } from '../../src/pkarr/key-pair.ts';
import { type CommandOptions, pkarrd, RunningCommand } from '../support/command.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { freePort } from '../support/free-port.ts';
import { aRecord, cnameRecord, signedPacket, testKey } from '../support/packets.ts';
import { onEachProgram } from '../support/programs.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';

const [alice, other] = [testKey(1), testKey(2)] as const;
const packetOf = (key: KeyPair, address: string, seconds = Math.floor(Date.now() / 1000)) =>
  signedPacket(key, seconds, [
    aRecord(key.publicKey.text, address, 3_600),
    aRecord(`www.${key.publicKey}`, address, 3_600),
    cnameRecord(`inward.${key.publicKey}`, 'alice.internal', 30),
  ]);

/** The program with two keys that it knows the packets of, and an upstream that must not see a name below internal. */
async function withProgram(
  options: CommandOptions,
  { words = [], config = '' }: { readonly words?: readonly string[]; readonly config?: string },
  work: (scene: {
    readonly directory: string;
    readonly http: number;
    readonly command: RunningCommand;
    /** The different answers of several moments, so many that each worker has some. */
    ask(name: string, type?: number): Promise<string>;
    cli(...words: readonly string[]): ReturnType<typeof pkarrd>;
    learn(key: KeyPair, address: string, seconds?: number): Promise<void>;
  }) => Promise<void>,
): Promise<void> {
  const upstream = await startScriptedUpstream();
  const directory = mkdtempSync(join(tmpdir(), 'pkarrd-petnames-'));
  writeFileSync(join(directory, 'pkarrd.toml'), config);
  const http = await freePort();
  const command = new RunningCommand(
    [
      ...['serve', '--listen', '127.0.0.1:0', '--state-dir', directory, '--dht', 'off', '--relay', 'none'],
      ...['--upstream', `${upstream.address}:${upstream.port}`, '--http', `127.0.0.1:${http}`],
      ...['--config', join(directory, 'pkarrd.toml'), ...words],
    ],
    options,
  );
  try {
    const port = Number((await command.printed(/Ready\. listen=127\.0\.0\.1:(\d+)/))[1]);
    const learn = async (key: KeyPair, address: string, seconds?: number) => {
      const packet = Buffer.from(packetOf(key, address, seconds).toBytes()).toString('base64');
      await askProgram([directory], ['learn', packet]);
    };
    await learn(alice, '192.0.2.1');
    await learn(other, '192.0.2.2');
    await work({
      directory,
      http,
      command,
      learn,
      async ask(name, type = Type.A) {
        const replies = await Promise.all(
          Array.from({ length: 24 }, () => askUdp({ host: '127.0.0.1', port }, query(name, type))),
        );
        const texts = replies.map(({ rcode, answers, authorities }) => {
          for (const { ttl } of [...answers, ...authorities]) assert.ok(ttl <= 60, `${name}: TTL ${ttl}`);
          if (rcode !== Rcode.NOERROR) return rcode === Rcode.NXDOMAIN ? 'NXDOMAIN' : `RCODE ${rcode}`;
          for (const { name: owner } of answers) assert.equal(String(owner).toLowerCase(), `${name}.`);
          return answers.map(({ rdata }) => rdata.join('.')).join(' ') || 'NODATA';
        });
        return [...new Set(texts)].join(' or ');
      },
      cli: (...told) => pkarrd([...told, '--state-dir', directory], options),
    });
    assert.deepEqual(
      upstream.received.filter(({ name }) => /internal/i.test(name)).map(({ name }) => name),
      [],
      'no upstream is asked for a name below internal',
    );
  } finally {
    await command.stop();
    await upstream.close();
    rmSync(directory, { recursive: true });
  }
}

onEachProgram((options) => {
  for (const workers of [1, 2]) {
    test(`a name that is added, changed and removed by command means so at once, in every cache: ${workers} processes`, async () => {
      await withProgram(
        options,
        { words: ['--workers', String(workers)] },
        async ({ ask, cli, learn, directory }) => {
          assert.equal(await ask('www.alice.internal'), 'NXDOMAIN');
          const added = await cli('name', 'add', 'alice', `pk:${alice.publicKey}`);
          assert.deepEqual([added.code, added.err], [0, '']);
          assert.equal(added.out, `alice.internal now means ${alice.publicKey}.\n`);
          assert.equal(await ask('www.alice.internal'), '192.0.2.1');
          assert.equal(await ask('alice.internal', Type.TXT), 'NODATA');
          // What the owner of a key signs does not lead to names of this machine.
          assert.equal(await ask(`inward.${other.publicKey}`), 'NXDOMAIN');
          assert.equal(await ask('none.alice.internal'), 'NXDOMAIN');
          // Twice, so that it comes from first-level caches, and then not any more.
          assert.equal(await ask('www.alice.internal'), '192.0.2.1');
          const changed = await cli('name', 'add', 'alice', other.publicKey.text);
          assert.match(
            changed.out,
            new RegExp(`now means ${other.publicKey}\\. It meant ${alice.publicKey}\\.`),
          );
          assert.equal(await ask('www.alice.internal'), '192.0.2.2');
          // Its packet is looked up anew, too: here nobody else has one, and the old one is served on.
          const flushed = await cli('flush', 'alice.internal');
          assert.match(flushed.out, /^Flushed [1-9]\d* answers? and 1 packets?\.\n$/);
          assert.equal(await ask('www.alice.internal'), '192.0.2.2');
          // Each spelling of a key flushes what was answered for all of them.
          for (const flushedName of [`${other.publicKey}.key`, `www.${other.publicKey}.internal`]) {
            for (const suffix of ['', '.key', '.internal'])
              assert.equal(await ask(`www.${other.publicKey}${suffix}`), '192.0.2.2');
            const { out } = await cli('flush', flushedName);
            assert.match(out, /^Flushed (?:[3-9]|\d\d+) answers and 1 packet\.\n$/, flushedName);
          }
          // A newer packet of the key makes the name mean what is in it.
          await learn(other, '192.0.2.3', Math.floor(Date.now() / 1000) + 5);
          assert.equal(await ask('www.alice.internal'), '192.0.2.3');
          assert.match(readFileSync(join(directory, 'names.toml'), 'utf8'), /^alice = "/m);
          assert.equal((await cli('name', 'remove', 'alice')).code, 0);
          assert.equal(await ask('www.alice.internal'), 'NXDOMAIN');
          assert.equal(await ask('bob.internal'), 'NXDOMAIN');
        },
      );
    });
  }

  test('the configuration wins over names that were added, and a reload changes both', async () => {
    const config = `[names]\nalice = "${alice.publicKey}"\n`;
    await withProgram(options, { config }, async ({ ask, cli, directory }) => {
      assert.equal(await ask('alice.internal'), '192.0.2.1');
      const refused = await cli('name', 'add', 'alice', other.publicKey.text);
      assert.deepEqual([refused.code, refused.out], [1, '']);
      assert.match(refused.err, /^pkarrd: The configuration has the name alice, and wins\. Change it there/);
      assert.equal((await cli('name', 'add', 'bob', other.publicKey.text)).code, 0);
      assert.equal(
        (await cli('name', 'list')).out,
        `alice  ${alice.publicKey}  configuration\nbob    ${other.publicKey}  added\n`,
      );
      assert.deepEqual(JSON.parse((await cli('name', 'list', '--json')).out), {
        schema: 1,
        petnames: [
          { name: 'alice', key: alice.publicKey.text, from: 'configuration', isHidden: false },
          { name: 'bob', key: other.publicKey.text, from: 'added', isHidden: false },
        ],
      });
      const beside = await cli('name', 'add', 'Bücher.internal', other.publicKey.text);
      assert.equal(beside.out, `Bücher.internal now means ${other.publicKey}.\n`);
      assert.ok(
        (await cli('name', 'list')).out.endsWith(`\nbücher (xn--bcher-kva)  ${other.publicKey}  added\n`),
      );
      assert.equal((await cli('name', 'remove', 'xn--bcher-kva.internal')).code, 0);
      writeFileSync(join(directory, 'pkarrd.toml'), `[names]\nbob = "${alice.publicKey}"\n`);
      const reloaded = await cli('reload');
      assert.deepEqual([reloaded.code, reloaded.err], [0, '']);
      assert.equal(await ask('alice.internal'), 'NXDOMAIN');
      assert.equal(await ask('bob.internal'), '192.0.2.1');
      assert.match((await cli('name', 'list')).out, / {2}added, hidden by the configuration\n/);
    });
  });

  test('what the command refuses is said, and what stands before petnames answers', async () => {
    const hosts = join(mkdtempSync(join(tmpdir(), 'pkarrd-petnames-hosts-')), 'hosts');
    writeFileSync(hosts, '192.0.2.7 alice.internal\n');
    await withProgram(options, { words: ['--hosts', hosts] }, async ({ ask, cli }) => {
      for (const [words, code, said] of [
        [['name'], 2, /add\|remove\|list/],
        [['name', 'rename', 'a'], 2, /"rename" is not known; expected add, remove or list/],
        [['name', 'add', 'alice'], 2, /name add takes NAME and KEY/],
        [['name', 'list', 'alice'], 2, /name list takes nothing else/],
        [['name', 'add', 'alice', 'KEY'], 2, /"KEY" is not a key/],
        [['name', 'add', 'www', alice.publicKey.text], 1, /"www" cannot be a name; expected one label/],
        [['name', 'add', 'a.b', alice.publicKey.text], 1, /"a\.b" cannot be a name/],
        [['name', 'remove', 'alice'], 1, /There is no name alice/],
      ] as const) {
        const ended = await cli(...words);
        assert.deepEqual([ended.code, ended.out], [code, ''], words.join(' '));
        assert.match(ended.err, said);
      }
      await cli('name', 'add', 'alice', alice.publicKey.text);
      assert.equal(await ask('alice.internal'), '192.0.2.7');
      assert.equal(await ask('alice.internal', Type.AAAA), 'NODATA');
      assert.equal(await ask('www.alice.internal'), '192.0.2.1');
    });
    rmSync(join(hosts, '..'), { recursive: true });
  });

  test('the gateway leads from a petname to the origin of its key, and remembers nothing', async () => {
    await withProgram(options, {}, async ({ cli, http }) => {
      const get = (host: string, headers: Record<string, string> = {}, method = 'GET') =>
        new Promise<{ readonly status: number; readonly location: unknown; readonly cache: unknown }>(
          (resolve, reject) => {
            const asked = request(
              {
                ...{ host: '127.0.0.1', port: http, path: '/a?b=c', method, agent: false },
                headers: { host, ...headers },
              },
              (response) => {
                response.resume();
                const { location, 'cache-control': cache } = response.headers;
                resolve({ status: response.statusCode ?? 0, location, cache });
              },
            );
            asked.once('error', reject).end();
          },
        );
      const host = `www.alice.localhost:${http}`;
      assert.equal((await get(host)).status, 421);
      for (const key of [alice.publicKey, other.publicKey]) {
        await cli('name', 'add', 'alice', key.text);
        assert.deepEqual(await get(host.toUpperCase()), {
          status: 302,
          location: `http://www.${key}.localhost:${http}/a?b=c`,
          cache: 'no-store',
        });
      }
      // A page elsewhere does not learn which names there are; somebody who follows its link is led on.
      const cross = {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'no-cors',
        'sec-fetch-dest': 'image',
      };
      assert.equal((await get(host, cross)).status, 421);
      assert.equal((await get(host, { origin: 'https://evil.example' })).status, 421);
      const link = {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      };
      assert.equal((await get(host, link)).status, 302);
      assert.equal((await get(host, {}, 'POST')).status, 405);
      assert.equal((await get(`bob.localhost:${http}`)).status, 421);
      const page = async (path: string) => await (await fetch(`http://127.0.0.1:${http}${path}`)).text();
      const names = await page('/names');
      assert.match(
        names,
        new RegExp(`<a href="http://alice\\.localhost:${http}/">alice</a>.*${other.publicKey}`, 's'),
      );
      const steps = await page('/lookup/steps?name=www.alice.internal');
      assert.match(steps, new RegExp(`"name":"www\\.alice\\.internal\\.".*"key":"${other.publicKey}"`));
      assert.match(steps, /"kind":"packet"/);
      await cli('name', 'remove', 'alice');
      assert.equal((await get(host)).status, 421);
    });
  });

  test('a file of names with faults does not keep the program from starting, and is left as it is', async () => {
    await withProgram(options, {}, async ({ ask, cli, directory, command }) => {
      const damaged = `[names]\nalice = "${alice.publicKey}"\nwww = "${alice.publicKey}"\n`;
      writeFileSync(join(directory, 'names.toml'), damaged);
      assert.equal((await cli('reload')).code, 0);
      await command.printed(/The file of names has a fault; the file is left as it is\..*www=/);
      assert.equal(await ask('alice.internal'), '192.0.2.1');
      const refused = await cli('name', 'add', 'bob', other.publicKey.text);
      assert.equal(refused.code, 1);
      assert.match(refused.err, /names\.toml:3: .*www=.* The file is left as it is\. Correct it/);
      assert.equal(readFileSync(join(directory, 'names.toml'), 'utf8'), damaged);
    });
  });
});
