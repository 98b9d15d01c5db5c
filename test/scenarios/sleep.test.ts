import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Type } from '../../src/dns/codes.ts';
import { RunningCommand } from '../support/command.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { replyA, startScriptedUpstream } from '../support/scripted-upstream.ts';

const preload = fileURLToPath(new URL('../support/sleep.js', import.meta.url));

/** Milliseconds: 8 h. */
const NIGHT = 8 * 3_600_000;

for (const workers of [1, 2]) {
  test(`what expired while the machine slept is not served as fresh, not even to the first who asks: ${workers} worker`, async () => {
    let asked = 0;
    const upstream = await startScriptedUpstream({
      script: (received) => replyA(received, `192.0.2.${++asked}`, 60),
    });
    const stateDir = mkdtempSync(join(tmpdir(), 'pkarrd-sleep-'));
    const command = new RunningCommand(
      [
        ...['serve', '--listen', '127.0.0.1:0', '--state-dir', stateDir, '--config', '/dev/null'],
        ...[
          '--workers',
          String(workers),
          '--dht',
          'off',
          '--upstream',
          `${upstream.address}:${upstream.port}`,
        ],
      ],
      { preload },
    );
    try {
      const port = Number((await command.printed(/Ready\. listen=127\.0\.0\.1:(\d+)/))[1]);
      const ask = async () => {
        const { answers } = await askUdp({ host: '127.0.0.1', port }, query('www.example', Type.A));
        return answers[0]?.rdata[3] ?? 0;
      };
      const askAll = async () => await Promise.all(Array.from({ length: 40 }, ask));
      await askAll();
      await askAll();
      // Each worker has its own cache, and one may have answered nothing yet.
      const before = asked;
      assert.ok(before >= 1 && before <= workers);
      // All of its processes sleep.
      const { out } = await outputOf(command, workers);
      const socket = createSocket('udp4');
      for (const [, sleeper] of out.matchAll(/sleep in \d+ at (\d+)/g)) {
        socket.send(String(NIGHT), Number(sleeper), '127.0.0.1');
        await once(socket, 'message');
      }
      socket.close();
      // The first who asks after waking up.
      const first = await ask();
      assert.ok(first > before, `${first} after ${before}, asked ${asked}, ${out}`);
      assert.ok((await askAll()).every((answer) => answer > before));
      await command.printed(/The network changed\. change=sleep/);
    } finally {
      await command.stop();
      await upstream.close();
      rmSync(stateDir, { recursive: true });
    }
  });
}

/** Waits until every process has said where it can be put to sleep. */
async function outputOf(command: RunningCommand, workers: number): Promise<{ readonly out: string }> {
  const count = workers === 1 ? 1 : workers + 1;
  const [out] = await command.printed(new RegExp(`(?:sleep in \\d+ at \\d+\\n[\\s\\S]*?){${count}}`));
  return { out };
}
