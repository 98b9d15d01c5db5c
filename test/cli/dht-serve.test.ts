import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { RunningCommand } from '../support/command.ts';

for (const [value, line] of [
  ['off', undefined],
  ['on', 'dht-serve   on, 0 of 0 queries of others answered, 0 items stored'],
  ['auto', 'dht-serve   auto, not serving: no interface has the address that other nodes see'],
] as const)
  test(`status says what becomes of dht-serve = ${value}`, async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'pkarrd-dht-serve-'));
    const here = ['--state-dir', stateDir, '--config', '/dev/null'];
    const command = new RunningCommand([
      ...['serve', ...here, '--listen', '127.0.0.1:0', '--upstream', 'none', '--bootstrap', '127.0.0.1:9'],
      ...['--dht-listen', '127.0.0.1:0', '--dht-serve', value],
    ]);
    try {
      await command.printed(/Ready\./);
      const told = async () => (await new RunningCommand(['status', ...here]).ended()).out.split('\n');
      let lines = await told();
      while (lines.some((text) => /^dht .* its node is being started/.test(text))) lines = await told();
      assert.equal(
        lines.find((text) => text.startsWith('dht-serve')),
        line,
      );
    } finally {
      await command.stop();
      rmSync(stateDir, { recursive: true });
    }
  });
