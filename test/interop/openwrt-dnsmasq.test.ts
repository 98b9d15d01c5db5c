import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { encodeMessage } from '../../src/dns/message.ts';
import { type AppScene, startAppScene } from '../support/app-scene.ts';
import { askUdp, query, udpExchange } from '../support/dns-client.ts';
import { freePort } from '../support/free-port.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';

const one = testKey(1);
const key = one.publicKey.text;
const options = { skip: spawnSync('dnsmasq', ['--version']).error !== undefined && 'needs dnsmasq' };

/** What OpenWrt's own configuration gives dnsmasq beside `domainneeded`: private addresses do not pass. */
const OPENWRT = ['--bogus-priv', '--stop-dns-rebind', '--rebind-localhost-ok', '--no-resolv', '--no-hosts'];

let scene: AppScene;
before(async () => {
  scene = await startAppScene();
  await scene.put(
    signedPacket(one, Math.floor(Date.now() / 1000), [
      aRecord(key, '93.184.215.14', 300),
      aRecord(`www.${key}`, '192.168.7.8', 300),
    ]),
  );
});
after(() => scene.close());

/** dnsmasq with these settings beside OpenWrt's own. @returns its port and how to end it. */
async function startDnsmasq(...settings: readonly string[]) {
  const port = await freePort();
  const words = [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--pid-file',
    '--user=root',
    '--bind-interfaces',
  ];
  const child: ChildProcess = spawn(
    'dnsmasq',
    [...words, '--listen-address=127.0.0.1', `--port=${port}`, ...OPENWRT, ...settings],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const ended = once(child, 'exit');
  const ask = async (name: string) => {
    const reply = await askUdp({ host: '127.0.0.1', port }, query(name));
    return reply.answers.map(({ rdata }) => rdata.join('.')).join(' ');
  };
  // It has no way to say that it listens. `localhost` is its own matter.
  const hello = encodeMessage(query('localhost'));
  for (let tries = 0; tries < 50; tries++)
    if ((await udpExchange({ host: '127.0.0.1', port }, hello, 100)) !== undefined) break;
  return {
    ask,
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
    },
  };
}

test(
  "the lines that are printed for OpenWrt make NAME.KEY.key work through dnsmasq with OpenWrt's settings",
  options,
  async () => {
    const { port } = scene.server;
    await using dnsmasq = await startDnsmasq(
      '--domain-needed',
      `--server=/key/127.0.0.1#${port}`,
      '--rebind-domain-ok=/key/',
    );
    assert.equal(await dnsmasq.ask(`${key}.key`), '93.184.215.14');
    assert.equal(await dnsmasq.ask(`www.${key}.key`), '192.168.7.8');
    // A bare key has no dot, and this is as far as these lines go.
    assert.equal(await dnsmasq.ask(key), '');
  },
);

test('the further lines make bare keys work too', options, async () => {
  const { port } = scene.server;
  await using dnsmasq = await startDnsmasq(`--server=127.0.0.1#${port}`, '--rebind-domain-ok=/key/');
  assert.equal(await dnsmasq.ask(key), '93.184.215.14');
  assert.equal(await dnsmasq.ask(`www.${key}.key`), '192.168.7.8');
});
