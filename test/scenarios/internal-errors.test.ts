import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AppStatus } from '../../src/app/status.ts';
import { askProgram } from '../../src/control/client.ts';
import { Type } from '../../src/dns/codes.ts';
import { type CommandOptions, RunningCommand } from '../support/command.ts';
import { askUdp, query } from '../support/dns-client.ts';

const preload = fileURLToPath(new URL('../support/faults.js', import.meta.url));

const directories: string[] = [];
after(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

/** The port at which faults are ordered, of a part of the program. */
async function faultPort(command: RunningCommand, part: string): Promise<number> {
  return Number((await command.printed(new RegExp(`faults in ${part} \\d+ at (\\d+)`)))[1]);
}

/** Orders a fault. */
async function order(port: number, fault: string): Promise<void> {
  const socket = createSocket('udp4');
  await new Promise((sent) => socket.send(fault, port, '127.0.0.1', sent));
  socket.close();
}

/** `pkarrd serve` in which faults can be ordered, and what can be seen of it. */
async function serveWithFaults(options: CommandOptions = {}, words: readonly string[] = []) {
  const stateDir = mkdtempSync(join(tmpdir(), 'pkarrd-faults-'));
  directories.push(stateDir);
  const command = new RunningCommand(
    [
      ...['serve', '--listen', '127.0.0.1:0', '--state-dir', stateDir, '--config', '/dev/null'],
      ...(words.includes('--dht') ? words : ['--dht', 'off', ...words]),
    ],
    { preload, ...options },
  );
  const status = async () => (await askProgram([stateDir], ['status'])) as AppStatus;
  return {
    command,
    order: async (fault: string, part = 'main') => await order(await faultPort(command, part), fault),
    status,
    /** Waits until so many internal errors were counted. */
    async counted(count: number) {
      for (const deadline = performance.now() + 20_000; performance.now() < deadline; await sleep(20)) {
        const { internalErrors } = await status();
        if (internalErrors.reduce((sum, one) => sum + one.count, 0) >= count) return internalErrors;
      }
      throw new Error(`${count} errors were not counted`);
    },
    /** Whether a query is answered. */
    async answers(): Promise<boolean> {
      const port = Number((await command.printed(/Ready\. listen=127\.0\.0\.1:(\d+)/))[1]);
      const reply = await askUdp({ host: '127.0.0.1', port }, query('localhost', Type.A));
      return reply.answers.length === 1;
    },
  };
}

const lines = (text: string, pattern: RegExp) => text.split('\n').filter((line) => pattern.test(line));

test('an exception out of a timer or the event of a socket, and a rejection that nobody handles: one line and a count each, and DNS goes on', async () => {
  const program = await serveWithFaults();
  assert.ok(await program.answers());
  const faults = ['timer', 'rejection', 'socket'];
  for (const [index, fault] of faults.entries()) {
    await program.order(fault);
    await program.counted(index + 1);
    assert.ok(await program.answers());
  }
  const counts = await program.counted(3);
  assert.deepEqual(counts.map(({ kind, part, count }) => [kind, part, count]).sort(), [
    ['exception', 'main', 1],
    ['exception', 'main', 1],
    ['rejection', 'main', 1],
  ]);
  assert.ok(
    counts.every(({ place }) => /^[^/]*\bfaults\.js:\d+\)?$/.test(place)),
    JSON.stringify(counts),
  );
  const { code, err } = await program.command.stop();
  const told = lines(err, /error Internal error\. Please report it\./);
  assert.deepEqual([code, told.length], [0, 3]);
  for (const [index, fault] of faults.entries()) {
    const line = told[index] ?? '';
    // With the stack, which stays on its line.
    assert.match(line, new RegExp(`a fault of the test, ${fault}.*\\\\n +at .*faults\\.js:\\d+`));
  }
});

for (const fault of ['socket memory', 'timer invariant', 'rejection invariant']) {
  test(`what going on would make worse ends the program at once: ${fault}`, async () => {
    const program = await serveWithFaults();
    assert.ok(await program.answers());
    await program.order(fault);
    const { code, err } = await program.command.ended();
    assert.equal(code, 70);
    assert.equal(lines(err, /Internal error\. The program ends/).length, 1);
    assert.equal(lines(err, /Stopping/).length, 0);
  });
}

test('more than twenty uncaught errors in a minute end the program in order, with 70', async () => {
  const program = await serveWithFaults();
  assert.ok(await program.answers());
  for (let i = 0; i < 20; i++) await program.order(i % 2 === 0 ? 'timer' : 'rejection');
  await program.counted(20);
  assert.ok(await program.answers());
  await program.order('timer');
  const { code, err } = await program.command.ended();
  assert.equal(code, 70);
  assert.equal(lines(err, /error Internal error\. Please report it\./).length, 21);
  assert.match(err, /Too many internal errors in a minute.*\n.*Stopping\. reason="too many internal errors"/);
});

test('before it is ready, and in every other command, an uncaught error ends the program with 70', async () => {
  const command = new RunningCommand(['testnet', '--nodes', '4'], { preload });
  await command.printed(/^127\.0\.0\.1:\d+$/m);
  await order(await faultPort(command, 'main'), 'rejection');
  const { code, err } = await command.ended();
  assert.equal(code, 70);
  assert.match(
    err,
    /^pkarrd: internal error, please report it: Error: a fault of the test, rejection\n +at /m,
  );
});

test('without anybody who reads the log, and with a full disk below it, uncaught errors are counted and DNS goes on', async () => {
  const full = openSync('/dev/full', 'w');
  const program = await serveWithFaults({ stderr: full });
  closeSync(full);
  await program.command.printed(/faults in main/);
  for (let i = 0; i < 100 && !(await isReady(program.status)); i++) await sleep(50);
  for (const fault of ['timer', 'rejection', 'socket']) await program.order(fault);
  assert.equal((await program.counted(3)).length, 3);
  assert.equal((await program.command.stop()).code, 0);

  const unread = await serveWithFaults();
  assert.ok(await unread.answers());
  unread.command.child.stderr?.destroy();
  for (const fault of ['timer', 'rejection', 'socket', 'timer']) await unread.order(fault);
  assert.equal((await unread.counted(4)).length, 3);
  assert.ok(await unread.answers());
  assert.equal((await unread.command.stop()).code, 0);
});

async function isReady(status: () => Promise<AppStatus>): Promise<boolean> {
  return await status().then(
    () => true,
    () => false,
  );
}

test('an uncaught error in a worker ends that worker alone: another takes its place, and it is told and counted once', async () => {
  const program = await serveWithFaults({}, ['--workers', '2']);
  assert.ok(await program.answers());
  await program.order('socket', 'worker');
  const counts = await program.counted(1);
  assert.deepEqual(
    counts.map(({ kind, part, count }) => [kind, part, count]),
    [['exception', 'worker', 1]],
  );
  for (let i = 0; i < 200; i++, await sleep(50)) {
    const { workers } = await program.status();
    if (workers?.restarts === 1 && workers.running.length === 2) break;
  }
  assert.ok(await program.answers());
  const { code, err } = await program.command.stop();
  assert.deepEqual(
    [code, lines(err, /Internal error\./).length, lines(err, /A worker ended.*why="exit code 70"/).length],
    [0, 1, 1],
  );
});

for (const fault of ['timer', 'rejection', 'socket']) {
  // Bun loads nothing into a thread beside its file.
  test(`an uncaught error in the thread of the DHT ends that thread alone, and another takes its place: ${fault}`, {
    skip: 'bun' in process.versions,
  }, async () => {
    const program = await serveWithFaults({}, ['--dht', 'on', '--bootstrap', '127.0.0.1:9']);
    assert.ok(await program.answers());
    await program.order(fault, 'thread');
    const counts = await program.counted(1);
    assert.deepEqual(
      counts.map(({ kind, part, count }) => [kind, part, count]),
      [['exception', 'dht', 1]],
    );
    await program.command.printed(/faults in thread[\s\S]*faults in thread/);
    assert.ok(await program.answers());
    const { code, err } = await program.command.stop();
    assert.deepEqual([code, lines(err, /Internal error\./).length], [0, 1]);
  });
}
