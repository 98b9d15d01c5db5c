import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
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
import { ServiceManager, serviceManagerIsMissing } from '../support/service-manager.ts';

const preload = fileURLToPath(new URL('../support/faults.js', import.meta.url));

const stateDir = mkdtempSync(join(tmpdir(), 'pkarrd-http-'));
after(() => rmSync(stateDir, { recursive: true }));

/** `pkarrd serve` whose HTTP thread can be made to fail. */
async function serve(http = '127.0.0.1:0') {
  const command = new RunningCommand(
    [
      'serve',
      '--listen',
      '127.0.0.1:0',
      '--http',
      http,
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
  const { http: now } = await status();
  const [address = ''] = now.state === 'waiting' ? now.addresses : [];
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
    // No thread is there.
    const before = asked;
    while (asked < before + 3) await Promise.race([asking, sleep(2)]);
  }
  assert.equal(await open(address), 200);
  isOver = true;
  await asking;
  const { code, err } = await command.stop();
  assert.equal(code, 0);
  assert.equal(
    err.match(/The thread of the HTTP side ended\. The next connection starts another\./g)?.length,
    3,
    err,
  );
});

test('a restart of the service loses no connection of a browser: what comes in between waits in the sockets that systemd holds', {
  skip: serviceManagerIsMissing(),
}, async () => {
  await using manager = await ServiceManager.open([
    { protocol: 'udp', host: '127.0.0.1' },
    { protocol: 'tcp', host: '127.0.0.1', name: 'http' },
    { protocol: 'tcp', host: '::1', port: 'same', name: 'http' },
  ]);
  const addresses = [`127.0.0.1:${manager.ports[1]}`, `[::1]:${manager.ports[2]}`];
  const start = async () => {
    manager.log = '';
    await manager.start(['--dht', 'off', '--upstream', '127.0.0.1:9']);
    await manager.until(/Ready\./);
    assert.doesNotMatch(manager.log, /warn /);
  };
  await start();
  const answers: (number | string | undefined)[] = [];
  let opened = 0;
  let isOver = false;
  const loading = (async () => {
    for (; !isOver; await sleep(20)) {
      // What comes in while a busy machine takes long to start stays below the limits of the HTTP side.
      if (opened - answers.length >= 100) continue;
      open(addresses[opened++ % 2] ?? '').then(
        (status) => answers.push(status),
        (error: NodeJS.ErrnoException) => answers.push(error.code ?? error.message),
      );
    }
  })();
  const answered = async (count: number) => {
    while (answers.length < count) await sleep(5);
  };
  for (let restart = 0; restart < 2; restart++) {
    // The thread answers what waited for it.
    await answered(opened);
    await Promise.all(addresses.map(open));
    assert.equal(await manager.stop(), 0, manager.log);
    // No process is there, and some come in.
    const before = opened;
    while (opened < before + 6) await sleep(5);
    await start();
  }
  await answered(opened);
  isOver = true;
  await loading;
  await answered(opened);
  assert.deepEqual(new Set(answers), new Set([200]));
  assert.equal(await manager.stop(), 0);
  manager.log = '';
  await manager.start(['--dht', 'off', '--upstream', '127.0.0.1:9', '--http', 'off']);
  await manager.until(/Ready\./);
  assert.match(
    manager.log,
    /warn A socket is for HTTP, which the setting http turns off \(systemctl .*\); who connects there is disconnected .* name=http\n/,
  );
  // Nobody waits for a page that does not come.
  for (const address of addresses) await assert.rejects(open(address));
  assert.equal(await manager.stop(), 0);
});

test('when another program has its address, DNS answers, and the log and the status say who has it', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const { command, dns, status } = await serve(`127.0.0.1:${port}`);
  try {
    assert.equal((await askUdp(dns, query('localhost', Type.A))).answers.length, 1);
    const { http } = await status();
    assert.equal(http.state, 'refused');
    assert.equal(http.state === 'refused' && http.holders[0]?.pid, process.pid);
  } finally {
    other.close();
    const { code, err } = await command.stop();
    assert.equal(code, 0);
    assert.match(err, new RegExp(`warn Key sites cannot be opened .*holder=.*process ${process.pid}`));
  }
});

test('with "off" nothing listens, and no thread is there', async () => {
  const { command, dns, status } = await serve('off');
  assert.equal((await askUdp(dns, query('localhost', Type.A))).answers.length, 1);
  assert.deepEqual({ ...(await status()).http }, { state: 'off' });
  assert.equal((await command.stop()).code, 0);
});
