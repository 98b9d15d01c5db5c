import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { AppStatus } from '../../src/app/status.ts';
import { askProgram } from '../../src/control/client.ts';
import { Type } from '../../src/dns/codes.ts';
import { RunningCommand } from '../support/command.ts';
import { askUdp, query } from '../support/dns-client.ts';

const preload = fileURLToPath(new URL('../support/faults.js', import.meta.url));

const stateDir = mkdtempSync(join(tmpdir(), 'pkarrd-http-'));
after(() => rmSync(stateDir, { recursive: true }));

/** `pkarrd serve` whose HTTP thread can be made to fail. */
async function serve() {
  const command = new RunningCommand(
    [
      'serve',
      '--listen',
      '127.0.0.1:0',
      '--http',
      '127.0.0.1:0',
      '--state-dir',
      stateDir,
      '--config',
      '/dev/null',
      '--dht',
      'off',
    ],
    { preload },
  );
  const port = Number((await command.printed(/Ready\. listen=127\.0\.0\.1:(\d+)/))[1]);
  const status = async () => (await askProgram([stateDir], ['status'])) as AppStatus;
  const { http } = await status();
  assert.equal(http.state, 'waiting');
  const [address = ''] = http.state === 'waiting' ? http.addresses : [];
  return { command, dns: { host: '127.0.0.1', port }, address, status };
}

function open(address: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(`http://${address}/`, { agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    }).once('error', reject);
  });
}

// test/http/http-side ends threads there too.
const skip = 'bun' in process.versions ? 'Bun loads nothing before the program in a thread' : false;

test('the thread of the HTTP side ends, again and again, without a lost query, and the next connection starts another', {
  skip,
}, async () => {
  const { command, dns, address, status } = await serve();
  let isOver = false;
  let asked = 0;
  const asking = (async () => {
    for (; !isOver; await sleep(2)) {
      // Throws when there is no answer.
      assert.equal((await askUdp(dns, query('localhost', Type.A))).answers.length, 1);
      asked++;
    }
  })();
  for (let round = 1; round <= 3; round++) {
    assert.equal(await open(address), 200);
    assert.deepEqual({ ...(await status()).http }, { state: 'running', addresses: [address], starts: round });
    const told = await command.printed(new RegExp(`(?:faults in thread \\d+ at (\\d+)[^]*?){${round}}`));
    const socket = createSocket('udp4');
    const fault = ['exit', 'timer invariant', 'rejection memory'][round - 1] ?? '';
    await new Promise((sent) => socket.send(fault, Number(told[1]), '127.0.0.1', sent));
    socket.close();
    while ((await status()).http.state === 'running') await sleep(10);
  }
  assert.equal(await open(address), 200);
  isOver = true;
  await asking;
  assert.ok(asked > 50, `${asked} queries`);
  const { code, err } = await command.stop();
  assert.equal(code, 0);
  assert.equal(
    err.match(/The thread of the HTTP side ended\. The next connection starts another\./g)?.length,
    3,
    err,
  );
});
