import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { writeKeyFile } from '../../../src/publish/key-file.ts';
import { error } from '../../../tools/documents/json/shared-objects.ts';
import type { RunningCommand } from '../../support/command.ts';
import { JsonWitness } from '../../support/json-witness.ts';
import { testKey } from '../../support/packets.ts';
import { onEachProgram } from '../../support/programs.ts';
import { JsonCli } from './cli.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-stopped-'));
after(() => rmSync(directory, { recursive: true }));
const keyPair = testKey(9);
writeKeyFile(join(directory, 'my.key'), keyPair);
writeFileSync(join(directory, 'my.zone'), '@ A 192.0.2.1\n');

onEachProgram(({ program }) => {
  const cli = new JsonCli({ program, cwd: directory }, new JsonWitness());

  test('Ctrl-C and SIGTERM before the end are an error of JSON, with the exit code of the signal', async () => {
    // A node of a DHT that never answers: who asks it waits.
    const node = createSocket('udp4').bind(0, '127.0.0.1');
    await once(node, 'listening');
    const silent = ['--bootstrap', `127.0.0.1:${node.address().port}`, '--dht-listen', '127.0.0.1'];
    const key = keyPair.publicKey.text;
    for (const [signal, code] of [
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const stopped = `Stopped by ${signal}.`;
      /** Sends the signal once that has come about which is waited for. */
      const stop = async (running: RunningCommand, begun: Promise<unknown>, exitCode: number) => {
        await begun;
        const ended = await running.stop(signal);
        // Most end by the signal itself, of which a shell makes that exit code.
        if (ended.code === -1) assert.equal(running.child.signalCode, signal);
        return cli.failed({ ...ended, code: ended.code === -1 ? exitCode : ended.code }, error);
      };
      for (const [words, begun] of [
        [['keygen', '--prefix', 'yyyyyyyyyyyy'], /One key in /],
        [['demo', '--listen', '127.0.0.1:0'], /Starting a DHT/],
      ] as const) {
        const [command, ...rest] = words;
        const running = cli.start(command, ...rest);
        const value = await stop(running, running.printed(begun), code);
        assert.deepEqual(value, { schema: 1, error: stopped, exitCode: code });
      }
      for (const [[command, ...words], sentence, exit] of [
        [['resolve', key, '--newest'], stopped, code],
        [['resolve', key, '--watch'], 'No packet was found until it was stopped.', 1],
        [['watch', key], 'Nothing happened until it was stopped.', 1],
        [['publish', 'my.zone', '--key', 'my.key'], stopped, code],
      ] as const) {
        const running = cli.start(command, ...words, ...silent);
        const value = await stop(running, once(node, 'message'), exit);
        assert.deepEqual([value.error, value.exitCode], [sentence, exit], command);
      }
    }
    node.close();
  });
});
