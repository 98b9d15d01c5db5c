import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { Name } from '../../src/dns/name.ts';
import { syntheticSoa } from '../../src/dns/soa.ts';
import { RunningCommand } from '../support/command.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { reply, replyA, startScriptedUpstream } from '../support/scripted-upstream.ts';

for (const workers of [1, 2]) {
  test(`a line of the hosts file counts before what is cached, in every worker, without anybody asking for it: ${workers}`, async () => {
    const upstream = await startScriptedUpstream({
      script: (received) =>
        received.name.toLowerCase().startsWith('absent')
          ? reply(received, {
              rcode: Rcode.NXDOMAIN,
              authorities: [syntheticSoa(Name.parse('example'), 1, 900)],
            })
          : replyA(received, '192.0.2.1', 3_600),
    });
    const directory = mkdtempSync(join(tmpdir(), 'pkarrd-hosts-'));
    const hosts = join(directory, 'hosts');
    writeFileSync(hosts, '192.0.2.7 early.example\n');
    const command = new RunningCommand([
      ...[
        'serve',
        '--listen',
        '127.0.0.1:0',
        '--state-dir',
        join(directory, 'state'),
        '--config',
        '/dev/null',
      ],
      ...['--dht', 'off', '--upstream', `${upstream.address}:${upstream.port}`, '--hosts', hosts],
      ...['--workers', String(workers)],
    ]);
    try {
      const port = Number((await command.printed(/Ready\. listen=127\.0\.0\.1:(\d+)/))[1]);
      /** The different answers that clients get, so many that each worker has some. */
      const ask = async (name: string, type: number = Type.A) => {
        const replies = await Promise.all(
          Array.from({ length: 40 }, () => askUdp({ host: '127.0.0.1', port }, query(name, type))),
        );
        const texts = replies.map(({ rcode, answers }) => {
          const [answer] = answers;
          return rcode === Rcode.NXDOMAIN ? 'NXDOMAIN' : (answer?.rdata.join('.') ?? 'NODATA');
        });
        return [...new Set(texts)].join(' ');
      };
      const until = async (name: string, expected: string) => {
        // The system may give all queries of a moment to one worker, so several moments in a row are asked for.
        let inARow = 0;
        for (let i = 0; i < 200 && inARow < 10; i++) {
          inARow = (await ask(name)) === expected ? inARow + 1 : 0;
          await sleep(20);
        }
        assert.equal(inARow, 10, `${name} is not ${expected} in every worker`);
      };
      assert.equal(await ask('early.example'), '192.0.2.7');
      assert.equal(await ask('www.example'), '192.0.2.1');
      assert.equal(await ask('absent.example'), 'NXDOMAIN');
      assert.equal(await ask('absent.example', Type.MX), 'NXDOMAIN');
      writeFileSync(hosts, '192.0.2.8 www.example WWW.other.example\n192.0.2.9 absent.example\n');
      await until('www.example', '192.0.2.8');
      await until('absent.example', '192.0.2.9');
      // The file has said that the name exists, whatever is cached of it.
      assert.equal(await ask('absent.example', Type.MX), 'NODATA');
      assert.equal(await ask('www.example', Type.HTTPS), 'NODATA');
      assert.equal(await ask('www.other.example'), '192.0.2.8');
      writeFileSync(hosts, '');
      await until('www.example', '192.0.2.1');
      await until('early.example', '192.0.2.1');
    } finally {
      await command.stop();
      await upstream.close();
      rmSync(directory, { recursive: true });
    }
  });
}
