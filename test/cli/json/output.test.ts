import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { toJson } from '../../../src/cli/command.ts';
import { Rcode } from '../../../src/dns/codes.ts';
import { commandOutputs } from '../../../tools/documents/json/commands.ts';
import { error } from '../../../tools/documents/json/shared-objects.ts';
import { type StoringRelay, startStoringRelay } from '../../publish/storing-relay.ts';
import { RunningCommand } from '../../support/command.ts';
import { askUdp, query } from '../../support/dns-client.ts';
import { freePort } from '../../support/free-port.ts';
import { JsonWitness } from '../../support/json-witness.ts';
import { onEachProgram } from '../../support/programs.ts';
import {
  reply,
  replyA,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../support/scripted-upstream.ts';
import { startTestDht } from '../../support/test-dht.ts';
import { type Json, JsonCli, outputOf } from './cli.ts';
import { configuration } from './configuration.ts';
import { values } from './values.ts';

const dht = await startTestDht();
const { bootstrap, network } = dht;
let upstream: ScriptedUpstream;
let relay: StoringRelay;
before(async () => {
  upstream = await startScriptedUpstream({
    script: (asked) =>
      /^none\./i.test(asked.name) ? reply(asked, { rcode: Rcode.NXDOMAIN }) : replyA(asked, '192.0.2.7'),
  });
  relay = await startStoringRelay();
});
after(async () => {
  await upstream.close();
  await relay.close();
  await dht.close();
});

let count = 0;

onEachProgram(({ program }) => {
  const witness = new JsonWitness();
  const directory = dht.path(`json-${++count}`);
  const path = (name: string) => join(directory, name);
  const state = ['--state-dir', path('state')];
  const cli = new JsonCli({ program, cwd: directory }, witness);
  const run = cli.run.bind(cli);
  before(() => {
    mkdirSync(directory);
    writeFileSync(
      path('my.zone'),
      '@ A 192.0.2.1\n@ MX 10 mail\nmail A 192.0.2.25\nout CNAME www.example.\n',
    );
  });

  describe('every field that is written with --json is described, and every one that is described is written', () => {
    test('keys and certificates', async () => {
      const made = await run('Key', 'keygen', '--out', 'my.key');
      assert.deepEqual(await run('Key', 'pubkey', 'my.key'), made);
      assert.equal((await run('Backup', 'backup', 'my.key')).words.length, 24);
      const local = await run('Local certificate', 'certificate', '--out', 'tls', '--days', '5');
      assert.equal(local.certificateFile, path('tls/server.pem'));
      await run('Key certificate', 'certificate', '--key', 'my.key', '--out', 'my.pem');
      await cli.fails('keygen', '--out', 'my.key');
      await cli.fails('backup', 'absent.key');
    });

    test('publishing, resolving, a zone that is too large, and taking down', async () => {
      const given = ['--key', 'my.key', ...network];
      const relays = ['--relay', relay.server.url, '--relay', `http://127.0.0.1:${await freePort()}`];
      const planned = await run('Dry run', 'publish', 'my.zone', '--dry-run', ...given);
      const first = await run('Published', 'publish', 'my.zone', ...given);
      assert.deepEqual(
        [first.bytes, first.previousPacket, first.isAdopted],
        [planned.bytes, undefined, false],
      );
      assert.deepEqual([first.nodes.held, first.relays.held], [20, 0]);
      const second = await run('Published', 'publish', 'my.zone', ...given, ...relays);
      assert.equal(second.previousPacket.timestamp, first.timestamp);
      assert.deepEqual(
        second.relays.outcomes.map(({ outcome }: { readonly outcome: string }) => outcome),
        ['stored', 'failed'],
      );
      // Nobody answers in this DHT.
      const silent = [
        '--key',
        'my.key',
        '--bootstrap',
        `127.0.0.1:${await freePort()}`,
        ...relays.slice(0, 2),
      ];
      assert.match((await run('Published', 'publish', 'my.zone', ...silent)).nodes.problem, /./);

      const whole = await run('Packet', 'resolve', first.key, '--newest', ...network);
      assert.deepEqual([whole.result, whole.records.length], ['zone', 4]);
      await run('Packet', 'resolve', first.key, 'MX', ...network);
      const { map } = await run('Packet', 'resolve', first.key, '--map', '--dht', ...network, ...relays);
      // They stand in the order in which they answered, or failed.
      const { label } = second.relays.outcomes[0];
      assert.equal(map.relaysAsked.find((one: Json) => one.label === label)?.says, 'newest');
      await cli.failsWith('Not found', 'resolve', dht.newKey('none').key, '--map', ...network);
      const watching = cli.start('resolve', first.key, '--watch', '--every', '1', ...network);
      await watching.printed(/"result":"zone"/);
      const { code, out } = await watching.stop('SIGINT');
      assert.equal(code, 0);
      assert.equal(cli.lines(out, 'resolve', 'Packet').length, 1);

      // The zone file is older than what was published, and nobody remembers that.
      writeFileSync(path('old.zone'), '@ A 192.0.2.9\n');
      utimesSync(path('old.zone'), 1e9, 1e9);
      const conflict = await cli.failsWith('Not published', 'publish', 'old.zone', ...given);
      assert.match(conflict.details, /^\+ @ 300 IN A 192\.0\.2\.9$/m);
      assert.deepEqual(
        [conflict.reason, conflict.key, conflict.added, conflict.removed.length, conflict.unchangedRecords],
        ['newer-elsewhere', first.key, ['@ 300 IN A 192.0.2.9'], 4, 0],
      );
      assert.match(conflict.lookCommand, /^pkarrd resolve \w{52} --newest /);
      assert.match(conflict.publishCommand, /^pkarrd publish old\.zone .* --force$/);

      const text = (letter: string) => `"${letter.repeat(250)}" "${letter.repeat(150)}"`;
      writeFileSync(path('more.inc'), `more TXT ${text('b')}\n`);
      writeFileSync(
        path('large.zone'),
        `s1._domainkey TXT ${text('a')}\ns2._domainkey TXT "v=DKIM1; k=rsa; p=" ${text('A')}\n$INCLUDE more.inc\n@ CAA 0 issue "ca.example"\n`,
      );
      const large = await cli.failsWith('Zone too large', 'publish', 'large.zone', ...given);
      assert.equal(large.excessBytes, large.bytes - large.maxBytes);

      assert.match((await cli.fails('publish', '--remove', ...given)).error, /no terminal to ask on/);
      const export_ = ['publish', join(process.cwd(), 'test/vectors/zones/cloudflare.txt')] as const;
      const asked = await cli.fails(...export_, '--origin', 'example.com', ...given);
      assert.match(asked.error, /no terminal to ask on/);
      const dry = await run('Not taken down', 'publish', '--remove', '--dry-run', ...given);
      assert.equal(dry.records.length, 4);
      const down = await run('Taken down', 'publish', '--remove', '--yes', ...given);
      assert.deepEqual([down.isRemoved, down.records.length], [true, 4]);
      await run('Not taken down', 'publish', '--remove', '--yes', ...given);
      await run('Published', 'publish', 'my.zone', ...given);
    });

    test('the configuration, and what is wrong with it', async () => {
      const key = (await run('Key', 'pubkey', 'my.key')).key;
      writeFileSync(path('hosts'), '192.0.2.99 printer.example\n');
      writeFileSync(
        path('pkarrd.toml'),
        await configuration({ directory, upstream, bootstrap, friend: dht.newKey('kept').key }),
      );
      const checked = await run('Checked configuration', 'check', '--config', 'pkarrd.toml');
      assert.deepEqual(checked.settings.workers, { value: '2', from: 'pkarrd.toml:7' });
      assert.equal(checked.publish[0].keyFile, path('my.key'));
      assert.equal(checked.problems.length, 1, JSON.stringify(checked.problems));
      writeFileSync(path('wrong.toml'), `names = { www = "${key}" }\nlisten = 3\n`);
      const wrong = await run('Checked configuration', 'check', '--config', 'wrong.toml');
      assert.equal(wrong.problems.length, 2);
      const { problems } = await cli.fails('resolve', key, '--config', 'wrong.toml', '--relay', 'x');
      assert.equal(problems.length, 1);
      await run('Checked configuration', 'check', '--config', '/dev/null');
    });

    describe('the running program', () => {
      let serving: RunningCommand;
      let key = '';
      before(async () => {
        key = (await run('Key', 'pubkey', 'my.key')).key;
        const words = ['serve', '--config', 'pkarrd.toml', ...state];
        // Others do not listen there.
        const environment = { PKARRD_HTTP: `127.0.0.1:${await freePort()}` };
        serving = new RunningCommand(words, { program, cwd: directory, environment });
        await serving.printed(/Ready\./);
      });
      after(() => serving.stop());

      const ask = (...words: readonly string[]) => run('Answer', 'query', ...words, ...state);

      test('names, watching and history', async () => {
        const other = dht.newKey('other');
        assert.equal((await run('Name added', 'name', 'add', 'alice', other.key, ...state)).key, other.key);
        const again = await run('Name added', 'name', 'add', 'alice', key, ...state);
        assert.equal(again.previousKey, other.key);
        assert.equal((await run('Names', 'name', 'list', ...state)).petnames[0].name, 'alice');
        writeFileSync(other.zone, '@ A 192.0.2.1\n');
        const watching = cli.start('watch', other.key, '--every', '1', ...network, ...state);
        await watching.printed(/No packet is published/);
        const put = () => run('Published', 'publish', other.zone, '--key', other.keyFile, ...network);
        await put();
        await watching.printed(/"event":"found"/);
        writeFileSync(other.zone, '@ A 192.0.2.2\n');
        await put();
        await watching.printed(/"event":"changed"/);
        const { out } = await watching.stop('SIGINT');
        assert.equal(cli.lines(out, 'watch', 'Event').length, 2);
        const { packets } = await run('History', 'history', other.key, ...state);
        assert.deepEqual([packets.length, packets[0].added.length], [2, 1]);
        await cli.fails('history', dht.newKey('nobody').key, ...state);
        await run('Name removed', 'name', 'remove', 'alice', ...state);
        await cli.fails('name', 'remove', 'alice', ...state);
        await run('Name added', 'name', 'add', 'alice', key, ...state);
      });

      test('queries, their way, and live queries', async () => {
        assert.equal((await ask('www.example')).answers[0].rdata, '192.0.2.7');
        const { results } = await run('Answers', 'query', 'www.example', 'A', 'TXT', ...state);
        assert.equal(results.length, 2);
        const { server } = await ask('www.example', `@127.0.0.1:${upstream.port}`);
        assert.equal(server, `127.0.0.1:${upstream.port}`);
        assert.deepEqual((await ask(key, 'MX')).answers[0].fields, {
          preference: 10,
          exchange: `mail.${key}`,
        });
        const kinds = new Set<string>();
        for (const [name, rcode = 'NOERROR'] of [
          ['www.example'],
          ['routed.example'],
          ['none.example', 'NXDOMAIN'],
          ['www.dead.example', 'SERVFAIL'],
          ['localhost'],
          ['printer.example'],
          [`out.${key}`],
          [dht.newKey('absent').key, 'NXDOMAIN'],
          [`${key}.keys.example`],
          ['alice.internal'],
          ['y'.repeat(51).concat('b'), 'NXDOMAIN'],
        ] as const) {
          const { way, explanation, rcode: found } = await ask(name, '--explain');
          assert.equal(found, rcode, name);
          assert.equal(explanation.length, way.length, name);
          for (const { of } of way) kinds.add(of);
        }
        const [, , origin] = (await ask('www.example', '--explain')).way;
        assert.equal(origin.isEarlier, true);
        for (const kind of ['hosts', 'special', 'suffix', 'petname', 'bad-key', 'packet', 'zone', 'upstream'])
          assert.ok(kinds.has(kind), kind);
        const following = cli.start('query', '--follow', ...state);
        const { listen } = await run('Status', 'status', ...state);
        const port = Number(listen[0].split(':')[1]);
        let isShown = false;
        following.printed(/"name"/).then(
          () => {
            isShown = true;
          },
          () => {},
        );
        while (!isShown) await askUdp({ host: '127.0.0.1', port }, query('www.example'));
        const { code, out } = await following.stop('SIGINT');
        assert.equal(code, 0);
        assert.ok(cli.lines(out, 'query', 'Query', 'Left out').length > 0);
        await cli.fails('query', '--follow', 'www.example', ...state);
      });

      test('status, doctor, the cache, the log level, and reloading', async () => {
        const status = await run('Status', 'status', ...state);
        assert.deepEqual([status.workers.wanted, status.pid], [2, serving.child.pid]);
        assert.equal(status.publications.length, 3);
        await run('Findings', 'doctor', ...state);
        await run('Flushed', 'flush', 'www.example', ...state);
        await run('Log level', 'log-level', 'error', ...state);
        await cli.fails('log-level', 'loud', ...state);
        const written = readFileSync(path('pkarrd.toml'), 'utf8');
        writeFileSync(path('pkarrd.toml'), written.replace('workers = 2', 'workers = x'));
        const refused = await cli.fails('reload', ...state);
        assert.match(refused.problems[0].where, /pkarrd\.toml:7/);
        writeFileSync(
          path('pkarrd.toml'),
          written.replace('"info"', '"warn"').replace(/\[\[keep\]\][^[]*/, ''),
        );
        const reloaded = await run('Reloaded', 'reload', ...state);
        assert.deepEqual(reloaded.publicationsRemoved, ['a friend']);
        assert.deepEqual(reloaded.changed[0], { name: 'log-level', value: 'warn', previousValue: 'info' });
      });
    });

    test('the demo', async () => {
      const demo = () => run('Demo', 'demo', '--once', '--listen', '127.0.0.1:0');
      let told = await demo();
      // Without a site, another program took the port for browsers at the last moment.
      for (let tries = 1; tries < 5 && told.site === undefined; tries++) told = await demo();
      assert.ok(told.results.length > 10 && told.site.isExpected);
    });

    test('what changes the machine, and what needs a bug or another network', () => {
      for (const [command, title, value] of values)
        witness.hold(JSON.parse(toJson(value)), outputOf(command, title));
    });

    test('and every field was there', () => {
      const outputs = commandOutputs.flatMap((of) => of.outputs.map(({ object }) => object));
      assert.deepEqual(witness.unseen([error, ...outputs]), []);
    });
  });
});
