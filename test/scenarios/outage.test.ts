import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Rcode } from '../../src/dns/codes.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { RunningCommand } from '../support/command.ts';
import { query, udpExchange } from '../support/dns-client.ts';
import { replyA, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { withDirectory } from './program.ts';

/** Milliseconds that nothing answers. */
const OUTAGE = 30_000;

test('after half a minute without any answer of an upstream, the first good answer comes within 1 s of its return', () =>
  withDirectory(async (stateDir) => {
    let isSilent = false;
    const upstreams = await Promise.all(
      [1, 2].map(() =>
        startScriptedUpstream({ script: (asked) => (isSilent ? undefined : replyA(asked, '192.0.2.1', 60)) }),
      ),
    );
    const serving = new RunningCommand([
      ...[
        'serve',
        '--config',
        '/dev/null',
        '--listen',
        '127.0.0.1:0',
        '--dht',
        'off',
        '--state-dir',
        stateDir,
      ],
      ...upstreams.flatMap(({ port }) => ['--upstream', `127.0.0.1:${port}`]),
    ]);
    try {
      const server = {
        host: '127.0.0.1',
        port: Number((await serving.printed(/Ready\. listen=127\.0\.0\.1:(\d+)/))[1]),
      };
      let count = 0;
      /** Whether a name that nobody has asked for is answered well within a second. */
      const isAnswered = async () => {
        const reply = await udpExchange(server, encodeMessage(query(`name-${count++}.example`)), 1_000);
        return reply !== undefined && ((reply[3] as number) & 15) === Rcode.NOERROR;
      };
      assert.ok(await isAnswered());
      isSilent = true;
      // Programs go on to ask, a few times a second.
      for (const end = performance.now() + OUTAGE; performance.now() < end; await sleep(400))
        isAnswered().catch(() => undefined);
      isSilent = false;
      const returned = performance.now();
      const isBack = async (): Promise<number> => {
        while (!(await isAnswered()))
          assert.ok(performance.now() - returned < 10_000, 'no answer after 10 s');
        return performance.now() - returned;
      };
      // Asked every 50 ms, as several programs do.
      const first = await Promise.any(
        Array.from({ length: 20 }, async (_, index) => {
          await sleep(index * 50);
          return await isBack();
        }),
      );
      assert.ok(first < 1_000, `${Math.round(first)} ms`);
    } finally {
      await serving.stop();
      for (const upstream of upstreams) await upstream.close();
    }
  }));
