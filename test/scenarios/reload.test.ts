import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { askProgram } from '../../src/control/client.ts';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { query } from '../support/dns-client.ts';
import { replyA, type ScriptedUpstream, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { openFlood } from '../support/worker-scene.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-reload-load-'));
let upstreams: readonly ScriptedUpstream[] = [];

before(async () => {
  // Slow enough that questions are in flight whenever something changes.
  const script = (asked: Parameters<typeof replyA>[0]) => ({ send: replyA(asked), afterMs: 30 });
  upstreams = [await startScriptedUpstream({ script }), await startScriptedUpstream({ script })];
});
after(async () => {
  for (const upstream of upstreams) await upstream.close();
  rmSync(directory, { recursive: true });
});

/** A valid configuration, another one each time. */
function valid(count: number): string {
  const upstream = upstreams[count % 2]?.spec;
  return `upstream = ["${upstream}"]\nclient-rate = ${300 + count}\nsuffix = ["s${count}.example"]\n`;
}

/** The program under a steady load of names that are cached and names that are not, while `work` is done with it. */
async function underLoad(
  workers: number,
  work: (scene: {
    readonly command: RunningCommand;
    readonly stateDir: string;
    readonly config: string;
  }) => Promise<void>,
) {
  const stateDir = mkdtempSync(join(directory, 'state-'));
  const config = join(stateDir, 'pkarrd.toml');
  writeFileSync(config, valid(0));
  const command = new RunningCommand([
    ...['serve', '--workers', String(workers), '--listen', '127.0.0.1:0', '--dht', 'off'],
    ...['--config', config, '--state-dir', stateDir],
  ]);
  const port = Number((await command.printed(/Ready\. listen=127\.0\.0\.1:(\d+)/))[1]);
  const flood = await openFlood({ host: '127.0.0.1', port });
  let sent = 0;
  const load = setInterval(() => {
    for (let burst = 0; burst < 2; burst++) {
      const name = sent % 2 === 0 ? 'cached.example' : `n${sent}.example`;
      flood.send({ ...query(name), id: sent++ });
    }
  }, 5);
  try {
    await work({ command, stateDir, config });
  } finally {
    clearInterval(load);
  }
  await flood.settle(sent, 10_000);
  const lost = Array.from({ length: sent }, (_, id) => id).filter((id) => !flood.replies.has(id));
  const failed = [...flood.replies.values()].filter(
    ({ rcode, answers }) => rcode !== 0 || answers.length === 0,
  );
  flood.close();
  const { code, err } = await command.stop();
  assert.deepEqual([lost, failed, flood.refused, code], [[], [], 0, 0]);
  return { sent, err };
}

for (const workers of [1, 2]) {
  const processes = workers === 1 ? 'one process' : `${workers} workers`;

  test(`reloads under load lose no query, with ${processes}`, async () => {
    const { err } = await underLoad(workers, async ({ stateDir, config }) => {
      for (let count = 1; count <= 8; count++) {
        writeFileSync(config, valid(count));
        const report = (await askProgram([stateDir], ['reload'], { timeout: 30_000 })) as {
          readonly changed: readonly { readonly name: string }[];
        };
        assert.deepEqual(
          report.changed.map(({ name }) => name),
          ['client-rate', 'upstream', 'suffix'],
        );
      }
    });
    assert.equal(
      err.match(/The configuration was reloaded\. changed=client-rate,upstream,suffix/g)?.length,
      8,
    );
    assert.doesNotMatch(err, /Internal error|A worker ended/);
  });

  test(`twenty invalid files under load change nothing and lose no query, with ${processes}`, async () => {
    const { err } = await underLoad(workers, async ({ stateDir, config }) => {
      for (let count = 0; count < 20; count++) {
        writeFileSync(config, count % 2 === 0 ? 'upstream = [' : 'client-rate = "no"\n');
        const { code, err: told } = await pkarrd(['reload', '--state-dir', stateDir]);
        assert.equal(code, 1);
        assert.match(told, /pkarrd\.toml:1/);
      }
    });
    assert.equal(err.match(/error The configuration cannot be used/g)?.length, 20);
  });

  test(`a storm of SIGHUPs, and commands in between, are a few reloads that follow one another, with ${processes}`, async () => {
    const { err } = await underLoad(workers, async ({ command, stateDir, config }) => {
      for (let count = 1; count <= 200; count++) {
        if (count % 20 === 0) writeFileSync(config, valid(count));
        command.child.kill('SIGHUP');
        if (count % 50 === 0) await askProgram([stateDir], ['reload'], { timeout: 30_000 });
        await sleep(2);
      }
      const asked = Array.from({ length: 6 }, () => askProgram([stateDir], ['reload'], { timeout: 30_000 }));
      await Promise.all(asked);
      const found = (await askProgram([stateDir], ['status'])) as {
        readonly forwarder: { readonly upstreams: readonly { readonly label: string }[] };
      };
      assert.deepEqual(
        found.forwarder.upstreams.map(({ label }) => label),
        [upstreams[0]?.spec],
      );
    });
    const reloads = err.match(/The configuration was reloaded/g)?.length ?? 0;
    assert.ok(reloads >= 2 && reloads < 100, String(reloads));
  });
}

test('a file that is being written is read when it is whole', async () => {
  const { err } = await underLoad(1, async ({ command, config }) => {
    for (let round = 1; round <= 3; round++) {
      command.child.kill('SIGHUP');
      // Emptied, and then written in pieces, each of which is valid by itself.
      const lines = valid(round).split('\n');
      for (let count = 0; count <= lines.length; count++) {
        writeFileSync(config, lines.slice(0, count).join('\n'));
        await sleep(15);
      }
      await command.printed(new RegExp(`(reloaded\\. changed=client-rate,upstream,suffix[^]*){${round}}`));
    }
  });
  assert.equal(err.match(/The configuration was reloaded\./g)?.length, 3);
});
