import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { Type } from '../../src/dns/codes.ts';
import type { QueryBatch, QueryEvent } from '../../src/way/query-event.ts';
import { type CommandOptions, pkarrd, RunningCommand } from '../support/command.ts';
import { askUdp, query, TcpClient } from '../support/dns-client.ts';
import { mainProgram, onEachProgram } from '../support/programs.ts';
import { replyA, startScriptedUpstream } from '../support/scripted-upstream.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-follow-'));
let upstream: Awaited<ReturnType<typeof startScriptedUpstream>>;

before(async () => {
  upstream = await startScriptedUpstream({ script: (asked) => replyA(asked, '192.0.2.7') });
});
after(async () => {
  await upstream.close();
  rmSync(directory, { recursive: true });
});

let count = 0;

/** The program with a state directory of its own. */
async function serve(options: CommandOptions, ...words: readonly string[]) {
  const stateDir = join(directory, String(++count));
  const common = ['--listen', '127.0.0.1:0', '--dht', 'off', '--config', '/dev/null'];
  const upstreams = ['--upstream', `127.0.0.1:${upstream.port}`, '--state-dir', stateDir];
  const serving = new RunningCommand(['serve', ...common, ...upstreams, ...words], options);
  const [, port] = await serving.printed(/Ready\..*listen=127\.0\.0\.1:(\d+)/);
  return { serving, stateDir, server: { host: '127.0.0.1', port: Number(port) } };
}

/** Follows with JSON, and waits until it does. */
async function follow(
  stateDir: string,
  options: CommandOptions,
  ask: () => Promise<unknown>,
): Promise<RunningCommand> {
  const words = ['query', '--follow', '--json', '--state-dir', stateDir];
  const following = new RunningCommand(words, options);
  let isHeard = false;
  following.printed(/"name"/).then(
    () => {
      isHeard = true;
    },
    () => {},
  );
  while (!isHeard) await ask();
  return following;
}

async function askOver(client: TcpClient, name: string): Promise<void> {
  client.send(query(name));
  await client.next();
}

const linesOf = (out: string): readonly QueryEvent[] =>
  out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

onEachProgram((options) => {
  test('--follow shows each query with its way, cached ones too, in one process and in several', async () => {
    for (const workers of ['1', '2']) {
      const { serving, stateDir, server } = await serve(options, '--workers', workers);
      const following = await follow(stateDir, options, () => askUdp(server, query('begin.example')));
      await askUdp(server, query('www.example', Type.A));
      // Each worker has a cache of its own, and one connection stays with one of them.
      const client = new TcpClient(server);
      for (let count = 0; count < 3; count++) await askOver(client, 'www.example');
      await askOver(client, 'localhost');
      await askOver(client, 'end.example');
      await following.printed(/"end\.example\."/);
      const { code, out } = await following.stop('SIGINT');
      client.socket.destroy();
      assert.equal(code, 0);
      const events = linesOf(out);
      const cached = events.filter(({ name, way }) => name === 'www.example.' && way[0]?.of === 'cache');
      const hit = cached.find(({ way, protocol }) => protocol === 'tcp' && way.length === 1);
      assert.deepEqual(
        [hit?.client, hit?.type, hit?.rcode, hit?.way[0]],
        ['127.0.0.1', 'A', 'NOERROR', { of: 'cache', state: 'fresh', atMs: 0 }],
      );
      const asked = events.find(
        ({ name, way }) => name === 'www.example.' && way.some(({ of }) => of === 'upstream'),
      );
      assert.ok((asked?.durationMs ?? -1) >= 0);
      const local = events.find(({ name }) => name === 'localhost.');
      assert.deepEqual(
        local?.way.map(({ of }) => of),
        ['cache', 'special'],
      );
      await serving.stop();
    }
  });

  test('--follow is for the socket of the owner, and ends with the program', async () => {
    const { serving, stateDir, server } = await serve(options);
    const following = await follow(stateDir, options, () => askUdp(server, query('begin.example')));
    await serving.stop();
    const { code, out, err } = await following.ended();
    assert.deepEqual([code, err], [1, '']);
    assert.equal(out.split('\n').at(-2), '{"schema":1,"error":"pkarrd is stopping.","exitCode":1}');
    const usage = await pkarrd(['query', '--follow', 'there.example'], options);
    assert.deepEqual([usage.code, /takes no NAME/.test(usage.err)], [2, true]);
  });

  test('at the level debug each query is logged with its way, and at others none', async () => {
    const { serving, stateDir, server } = await serve(options);
    const run = (...words: string[]) => pkarrd([...words, '--state-dir', stateDir], options);
    await askUdp(server, query('before.example'));
    await run('log-level', 'debug');
    await askUdp(server, query('during.example'));
    await askUdp(server, query('during.example'));
    await serving.printed(
      /debug Query\. name=during\.example\. type=A client=127\.0\.0\.1 protocol=udp rcode=NOERROR ms=[\d.]+ way="upstream 127\.0\.0\.1:\d+ NOERROR [\d.]+ ms"\n/,
    );
    await serving.printed(/debug Query\. name=during\.example\. .* rcode=NOERROR ms=0 way="cache fresh"\n/);
    await run('log-level', 'info');
    await askUdp(server, query('after.example'));
    const { err } = await serving.stop();
    assert.doesNotMatch(err, /before\.example|after\.example/);
  });
});

test('a reader that is slow costs the queries that it does not take, and is told how many', async () => {
  const { serving, stateDir, server } = await serve(
    { program: mainProgram.words },
    '--client-rate',
    '100000',
  );
  const slow = connect(join(stateDir, 'control.sock'));
  slow.write('["follow"]\n');
  await new Promise((resolve) => slow.once('readable', resolve));
  // Nobody reads on. Names are long, so that little is enough.
  const long = `${'x'.repeat(60)}.${'y'.repeat(60)}.${'z'.repeat(60)}.example`;
  const client = new TcpClient(server);
  const sent = 16_000;
  for (let count = 0; count < sent; count += 200) {
    for (let more = 0; more < 200; more++) client.send(query(long));
    for (let more = 0; more < 200; more++) await client.next();
  }
  let shown = 0;
  let left = 0;
  const isAll = new Promise<void>((resolve) => {
    createInterface({ input: slow }).on('line', (line) => {
      const { value } = JSON.parse(line) as { readonly value: QueryBatch | 'following' };
      if (value === 'following') return;
      shown += value.events.filter(({ name }) => name.startsWith('xxx')).length;
      left += value.dropped;
      if (shown + left >= sent) resolve();
    });
  });
  // What was left out is told with the next that is taken.
  const asking = setInterval(() => client.send(query('again.example')), 100);
  await isAll;
  clearInterval(asking);
  assert.ok(left > 0 && shown > 0, `${shown} shown, ${left} left out`);
  slow.destroy();
  client.socket.destroy();
  await serving.stop();
});
