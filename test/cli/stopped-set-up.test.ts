import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type StopSignal, stopExits } from '../../src/cli/stop-signal.ts';
import { type Ended, RunningCommand } from '../support/command.ts';
import { mainProgram } from '../support/programs.ts';

const { words: program } = mainProgram;

/** Temporary files of the commands; each has a directory of its own, whose name tells its processes apart. */
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-stopped-'));
after(() => rmSync(directory, { recursive: true }));

function start(...words: string[]) {
  const TMPDIR = mkdtempSync(join(directory, 'tmp-'));
  const command = new RunningCommand(words, { environment: { TMPDIR }, program });
  return { command, stop: async (signal: StopSignal) => await stop(command, signal, TMPDIR) };
}

const startDemo = () => start('demo', '--listen', '127.0.0.1:0');

describe('a signal while the demo sets up', () => {
  for (const [signal, moment] of [
    ['SIGINT', 'Starting a DHT'],
    ['SIGTERM', 'Starting a DHT'],
    ['SIGHUP', 'Starting a DHT'],
    ['SIGINT', 'Publishing two zones'],
    ['SIGTERM', 'Publishing two zones'],
  ] as const) {
    test(`${signal} ends it at "${moment}", and nothing is left`, async () => {
      const { command, stop } = startDemo();
      await command.printed(new RegExp(moment));
      const { code, out, err } = await stop(signal);
      assert.deepEqual([code, out], [stopExits[signal], ''], err);
      assert.match(err, new RegExp(`${moment}[^\\n]*\\n$`), 'nothing is said after the signal');
    });
  }

  test('whenever it comes, nothing is left', async () => {
    const startedAt = performance.now();
    const whole = startDemo();
    await whole.command.printed(/Running\. /);
    const milliseconds = performance.now() - startedAt;
    assert.equal((await whole.stop('SIGINT')).code, 0);
    for (const [index, fraction] of [0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.75, 0.85, 0.95].entries()) {
      const signal = index % 2 === 0 ? 'SIGINT' : 'SIGTERM';
      const { stop } = startDemo();
      await sleep(milliseconds * fraction);
      const { code, err } = await stop(signal);
      // Before anything was made, the signal itself ends the process; after the last moment it runs.
      assert.ok([-1, stopExits[signal], 0].includes(code), `at ${fraction}: ${code}, ${err}`);
    }
  });

  test('a reader who closes the pipe of its output leaves nothing either', async () => {
    const { command, stop } = startDemo();
    command.child.stdout?.destroy();
    await command.ended();
    await stop('SIGINT');
  });
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends a testnet whose nodes are still joining`, async () => {
    const { command, stop } = start('testnet', '--nodes', '1000');
    const sockets = () => readdirSync(`/proc/${command.child.pid}/fd`).length;
    while (sockets() < 60) await sleep(20);
    const { code, out, err } = await stop(signal);
    assert.deepEqual({ code, out, err }, { code: stopExits[signal], out: '', err: '' });
  });
}

/** Stops a command, and sees that no file and no process of it is left. */
async function stop(command: RunningCommand, signal: StopSignal, TMPDIR: string): Promise<Ended> {
  const ended = await command.stop(signal);
  assert.deepEqual(readdirSync(TMPDIR), []);
  assert.deepEqual(processesWith(TMPDIR), []);
  return ended;
}

/** The processes with a text in their environment. */
function processesWith(text: string): readonly string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`).includes(text);
    } catch {
      return false; // It has ended, or is not ours.
    }
  });
}
