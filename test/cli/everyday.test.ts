import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { onEachProgram } from '../support/programs.ts';
import { replyA, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startTestDht } from '../support/test-dht.ts';

const dht = await startTestDht();
let upstream: ScriptedUpstream;
before(async () => {
  upstream = await startScriptedUpstream({ script: (asked) => replyA(asked, '192.0.2.7') });
});
after(async () => {
  await upstream.close();
  await dht.close();
});

onEachProgram((options) => {
  test('a key gets a name, is asked for, explained, watched and looked back at, and the name is taken away', async () => {
    const { key, keyFile, zone } = dht.newKey('everyday');
    const state = ['--state-dir', `${keyFile}-state`];
    const run = (...words: string[]) => pkarrd([...words, ...state], options);
    const publish = async (address: string) => {
      writeFileSync(zone, `@ A ${address}\n`);
      const { code, err } = await run('publish', zone, '--key', keyFile, ...dht.network);
      assert.equal(code, 0, err);
    };
    const words = ['--listen', '127.0.0.1:0', '--config', '/dev/null', '--dht-listen', '127.0.0.1'];
    const upstreams = ['--upstream', `127.0.0.1:${upstream.port}`];
    const serving = new RunningCommand(['serve', ...words, ...upstreams, ...dht.network, ...state], options);
    await serving.printed(/Ready\./);

    const status = await run('status');
    assert.equal(status.code, 0, status.err);
    // It may have just begun to join the DHT.
    assert.match(status.out, /^(?:Ready|Healthy|Keys: the DHT is being joined)\.\n/);
    assert.match(status.out, new RegExp(`^pkarrd {6}\\S+, process ${serving.child.pid}, up `, 'm'));

    assert.equal((await run('name', 'add', 'alice.internal', key)).out, `alice.internal now means ${key}.\n`);
    assert.equal((await run('name', 'list')).out, `alice  ${key}  added\n`);

    const watch = ['watch', 'alice.internal', '--every', '1', ...dht.network, ...state];
    const watching = new RunningCommand(watch, options);
    await watching.printed(/No packet is published under/);
    await publish('192.0.2.1');
    await watching.printed(/ {2}alice\.internal {2}found: the packet of /);
    await publish('192.0.2.2');
    await watching.printed(/ {2}alice\.internal {2}changed: the packet of .*, 1 record added, 1 removed/);
    assert.equal((await watching.stop('SIGINT')).code, 0);
    const history = await run('history', 'alice.internal');
    assert.equal(history.code, 0, history.err);
    assert.match(history.out, /^- \w{52}\. 300 IN A 192\.0\.2\.1\n\+ \w{52}\. 300 IN A 192\.0\.2\.2\n/m);

    // What was asked for before it is of interest is the beginning.
    for (const [begin, seen] of [
      [(other: string) => run('name', 'add', 'other', other), 'named'],
      [
        async (other: string) => {
          const once = new RunningCommand(['watch', other, ...dht.network, ...state], options);
          await once.printed(/ found: the packet of /);
          await once.stop('SIGINT');
        },
        'watched',
      ],
    ] as const) {
      const other = dht.newKey(`everyday-${seen}`);
      writeFileSync(other.zone, '@ A 192.0.2.3\n');
      const put = await run('publish', other.zone, '--key', other.keyFile, ...dht.network);
      assert.equal(put.code, 0, put.err);
      assert.match((await run('query', other.key)).out, /IN A 192\.0\.2\.3\n/);
      assert.equal((await run('history', other.key)).code, 1);
      await begin(other.key);
      const first = await run('history', other.key);
      assert.equal(first.code, 0, first.err);
      assert.match(first.out, /^\+ \w{52}\. 300 IN A 192\.0\.2\.3\n/m);
    }

    const explained = await run('query', 'alice.internal', '--explain');
    assert.match(explained.out, /^alice\.internal\. \d+ IN A 192\.0\.2\.2\n; NOERROR, /);
    assert.match(explained.out, /^; How the answer came about:\n(?:; .*\n)*; .*alice/m);
    assert.match((await run('query', 'www.example')).out, /^www\.example\. \d+ IN A 192\.0\.2\.7\n/);

    assert.equal(
      (await run('name', 'remove', 'alice.internal')).out,
      `alice.internal is no name any more. It meant ${key}.\n`,
    );
    const gone = await run('query', 'alice.internal', '--explain');
    assert.deepEqual([gone.code, /^; NXDOMAIN: /m.test(gone.out)], [1, true], gone.out);
    assert.equal((await serving.stop()).code, 0);
  });
});
