import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../../../src/cli/command.ts';
import { EventProgram, findProgram } from '../../../src/cli/watch/event-program.ts';
import type { WatchEvent } from '../../../src/cli/watch/watch-event.ts';
import { aRecord, signedPacket, testKey } from '../../support/packets.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-event-program-'));
after(() => rmSync(directory, { recursive: true }));
const [one, two] = [testKey(1), testKey(2)] as const;

function event(seconds: number, key = one, name = key.publicKey.text): WatchEvent {
  const packet = signedPacket(key, seconds, [aRecord(name)]);
  return { kind: 'found', packet, held: 3, answered: 4, ageSeconds: 5 };
}

/** A script of sh, and what was told while it ran for these events. */
async function runFor(
  script: string,
  events: readonly WatchEvent[],
  options: { readonly timeLimit?: number; readonly stop?: AbortSignal } = {},
): Promise<string> {
  const path = join(directory, `script-${Math.random()}`);
  writeFileSync(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const told: string[] = [];
  const program = new EventProgram({
    ...{ program: path, args: ['$(touch evil)', '; exit 3', '*'], stop: new AbortController().signal },
    tell: (text) => told.push(text),
    ...options,
  });
  for (const one of events) program.handle(one);
  await program.finished();
  return told.join('').replaceAll(path, 'SCRIPT');
}

test('it gets one line of JSON, arguments as they are, and three variables', async () => {
  const hostile = event(7, one, `\\"\\$\\(reboot\\)\\010.${one.publicKey}`);
  const out = await runFor(
    `/usr/bin/env; printf '%s|' "$@"; echo; read -r line; printf '%s\\n' "$line"; read -r more || echo end`,
    [hostile],
  );
  const lines = out.trim().split('\n');
  // What a shell sets by itself is not ours.
  const variables = lines.filter((line) => /^[A-Z_]+=/.test(line) && !/^(PWD|OLDPWD|SHLVL|_)=/.test(line));
  assert.deepEqual(variables.sort(), [
    'PKARRD_EVENT=found',
    `PKARRD_KEY=${one.publicKey}`,
    'PKARRD_TIMESTAMP=7000000',
  ]);
  const [args, json = '', end] = lines.slice(-3);
  assert.deepEqual([args, end], ['$(touch evil)|; exit 3|*|', 'end']);
  const value = JSON.parse(json);
  assert.deepEqual(
    [value.event, value.key, value.timestamp, value.lookup],
    ['found', one.publicKey.text, '7000000', { answered: 4, held: 3 }],
  );
  assert.equal(existsSync('evil'), false);
});

test('one runs at a time for a key, in order, and keys do not wait for each other', async () => {
  const log = join(directory, 'log');
  const script = `echo "begin $PKARRD_KEY $PKARRD_TIMESTAMP" >> ${log}; /bin/sleep 0.2; echo "end $PKARRD_KEY $PKARRD_TIMESTAMP" >> ${log}`;
  await runFor(script, [event(1), event(2), event(1, two), event(3)]);
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const of = (key: string) =>
    lines.filter((line) => line.includes(key)).map((line) => line.replace(` ${key}`, ''));
  assert.deepEqual(of(one.publicKey.text), [
    ...['begin 1000000', 'end 1000000', 'begin 2000000', 'end 2000000', 'begin 3000000', 'end 3000000'],
  ]);
  const firstEnd = lines.findIndex((line) => line.startsWith('end'));
  assert.equal(firstEnd, 2, 'both keys begin before one ends');
});

test('one that takes too long is ended with all that it started', async () => {
  const file = join(directory, 'late');
  const script = `(/bin/sleep 1; echo > ${file}) & /bin/sleep 30`;
  assert.equal(
    await runFor(script, [event(1)], { timeLimit: 300 }),
    `SCRIPT did not end within 0.3 s (found of ${one.publicKey}).\n`,
  );
  await sleep(1_200);
  assert.equal(existsSync(file), false);
});

test('an exit code, what it writes and that it cannot be run are told', async () => {
  assert.equal(
    await runFor('echo to out; echo to err >&2; exit 3', [event(1)]),
    `to out\nto err\nSCRIPT ended with exit code 3 (found of ${one.publicKey}).\n`,
  );
});

test('a program that is too slow loses the oldest events, and that is told', async () => {
  const events = Array.from({ length: 12 }, (_, n) => event(n + 1));
  const out = await runFor('/bin/sleep 0.05; echo $PKARRD_TIMESTAMP', events);
  assert.equal(out.match(/an event was left out/g)?.length, 3);
  assert.match(out, /\n12000000\n$/);
});

test('when the command stops, what runs is ended and what waits is not begun', async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 300);
  const begun = performance.now();
  assert.equal(await runFor('/bin/sleep 30', [event(1), event(2)], { stop: stop.signal }), '');
  assert.ok(performance.now() - begun < 20_000);
});

test('a program is found in PATH or at its path, or the command is refused', async () => {
  assert.match(await findProgram('sh', '/nonexistent:relative:/usr/bin:/bin'), /^\/(?:usr\/)?bin\/sh$/);
  assert.equal(await findProgram('/bin/sh', undefined), '/bin/sh');
  for (const name of ['no-such-program', './no-such-program', '/etc/passwd'])
    await assert.rejects(
      findProgram(name, '/usr/bin'),
      (error) => error instanceof UsageError && /cannot be run/.test(error.message),
    );
});
