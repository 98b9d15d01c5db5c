import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../src/observe/log.ts';
import { startAppScene } from '../support/app-scene.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { cnameRecord, signedPacket, testKey } from '../support/packets.ts';

test('below debug, no name that was asked for and no key stands in the log, also when things go wrong', async () => {
  const lines: string[] = [];
  const log = createLog({
    level: 'info',
    write: (line) => lines.push(line),
    now: () => Date.now(),
    journal: false,
  });
  const scene = await startAppScene({ log, settings: { hosts: '/nonexistent/hosts' } });
  const key = testKey(1);
  const { text } = key.publicKey;
  try {
    await scene.put(
      signedPacket(key, Math.floor(Date.now() / 1000), [cnameRecord(`loop.${text}`, `loop.${text}`)]),
    );
    const names = [
      'secret-host.example',
      `loop.${text}`,
      `none.${text}`,
      testKey(9).publicKey.text,
      'y'.repeat(52),
    ];
    for (const name of names) await askUdp(scene.server, query(name));
    scene.upstream.script = () => Buffer.alloc(40);
    await askUdp(scene.server, query('broken-secret.example'));
  } finally {
    await scene.close();
  }
  const written = lines.join('');
  assert.match(written, /info|warn/);
  for (const secret of ['secret', text, testKey(9).publicKey.text, 'yyyyyyyy']) {
    assert.ok(!written.includes(secret), `${secret} stands in: ${written}`);
  }
});
