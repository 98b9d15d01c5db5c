import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFront } from '../../src/app/front.ts';
import { startResolution } from '../../src/app/resolution.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { decodeExtendedError } from '../../src/dns/extended-error.ts';
import { silentLog } from '../../src/observe/log.ts';
import { HeldCertificate } from '../../src/serve/certificate/current-certificate.ts';
import { CurrentListening } from '../../src/serve/listeners/current-listening.ts';
import { noBoundSockets } from '../../src/system/activation/bound-sockets.ts';
import { machineInterfaces } from '../../src/system/interfaces.ts';
import type { LinkState } from '../../src/system/links/link-state.ts';
import { building } from '../support/building.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { replyA, startScriptedUpstream } from '../support/scripted-upstream.ts';

const key = testKey(1);

/** The front of the program over two networks, each with a resolver that says another address, with a TTL of an hour. */
const startScene = () =>
  building(async (undo) => {
    const [home, office] = await Promise.all(
      ['192.0.2.1', '192.0.2.2'].map(async (address) => {
        let isSilent = false;
        const upstream = await startScriptedUpstream({
          script: (received) => (isSilent ? undefined : replyA(received, address, 3_600)),
        });
        undo(() => upstream.close());
        const { port } = upstream;
        return {
          server: { address: '127.0.0.1', port },
          received: upstream.received,
          silence() {
            isSilent = true;
          },
        };
      }),
    );
    assert.ok(home !== undefined && office !== undefined);
    let servers = [home.server];
    let links: readonly LinkState[] = [];
    const settings = {
      ...defaultSettings({ environment: {}, isRoot: false, home: '/nonexistent' }),
      listen: [{ host: '127.0.0.1', port: 0 }],
    };
    const packet = signedPacket(key, 5, [aRecord(`www.${key.publicKey}`, '192.0.2.99', 3_600)]);
    const now = () => performance.now();
    const resolution = await startResolution(settings, silentLog, {
      packetReader: { read: async () => ({ kind: 'found', packet, stale: false, timeToLive: 3_600 }) },
      resolvers: { current: async () => ({ servers, search: [], links }) },
    });
    undo(() => resolution.close());
    const front = createFront(settings, {
      resolution,
      listeners: new CurrentListening(settings, {
        machine: machineInterfaces,
        onEvent: () => {},
        onBug: (error) => assert.fail(String(error)),
      }),
      given: noBoundSockets,
      certificate: new HeldCertificate(),
      cameBackFrom: () => undefined,
      onLoop: () => {},
      onBug: (error) => assert.fail(String(error)),
      now,
    });
    const [server] = await front.open();
    undo(() => front.close());
    assert.ok(server !== undefined);
    return {
      home,
      office,
      async move(to: readonly { readonly server: { readonly address: string; readonly port: number } }[]) {
        servers = to.map((network) => network.server);
        await front.networkChanged(await resolution.networkChanged());
      },
      async links(states: readonly LinkState[]) {
        links = states;
        await front.networkChanged(await resolution.networkChanged());
        return resolution.forwarder.status().routes;
      },
      async ask(name: string) {
        const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: false, options: [] };
        const reply = await askUdp(server, query(name, Type.A, { edns }));
        assert.equal(reply.rcode, Rcode.NOERROR);
        return {
          address: reply.answers.at(-1)?.rdata.join('.'),
          extendedErrors: reply.edns?.options.map((option) => decodeExtendedError(option)?.code) ?? [],
        };
      },
    };
  });

test('when other upstreams are asked, ordinary answers of the old ones are no longer fresh, and names of keys stay', async () => {
  const scene = await startScene();
  const { home, office, move, ask } = scene;
  try {
    const name = `www.${key.publicKey}`;
    for (const expected of ['192.0.2.1', '192.0.2.1']) {
      assert.equal((await ask('intranet.example')).address, expected);
    }
    assert.equal((await ask(name)).address, '192.0.2.99');
    await move([office]);
    assert.equal((await ask('intranet.example')).address, '192.0.2.2');
    assert.equal((await ask(name)).address, '192.0.2.99');
    assert.deepEqual([home.received.length, office.received.length], [1, 1]);
  } finally {
    await scene.close();
  }
});

test('the same upstreams after an outage, or in another order, leave every answer as it is', async () => {
  const scene = await startScene();
  const { home, office, move, ask } = scene;
  try {
    await move([home, office]);
    const first = await ask('intranet.example');
    const before = home.received.length + office.received.length;
    for (const network of [[], [office, home], [], [home, office]]) {
      await move(network);
      assert.deepEqual(await ask('intranet.example'), first);
    }
    assert.equal(home.received.length + office.received.length, before);
  } finally {
    await scene.close();
  }
});

test('an answer of the old upstreams is served as stale when the new ones do not answer', async () => {
  const scene = await startScene();
  const { office, move, ask } = scene;
  try {
    await ask('intranet.example');
    office.silence();
    await move([office]);
    const { address, extendedErrors } = await ask('intranet.example');
    // RFC 8914 §4.4: Stale Answer.
    assert.deepEqual([address, extendedErrors], ['192.0.2.1', [3]]);
  } finally {
    await scene.close();
  }
});

/** A VPN whose resolver knows corp.example. */
function vpnTo({
  server,
}: {
  readonly server: { readonly address: string; readonly port: number };
}): LinkState {
  return { link: 'tun0', servers: [server], domains: ['corp.example'], search: [], takesAll: false };
}

test('names below the domain of a link are asked of its resolvers while it is up, whatever is cached', async () => {
  const scene = await startScene();
  const { office, ask, links } = scene;
  try {
    assert.equal((await ask('intra.corp.example')).address, '192.0.2.1');
    assert.deepEqual(await links([vpnTo(office)]), [
      { domain: 'corp.example.', upstreams: [`127.0.0.1:${office.server.port}`], link: 'tun0' },
    ]);
    assert.equal((await ask('intra.corp.example')).address, '192.0.2.2');
    assert.equal((await ask('example')).address, '192.0.2.1');
    assert.deepEqual(await links([]), []);
    assert.equal((await ask('intra.corp.example')).address, '192.0.2.1');
  } finally {
    await scene.close();
  }
});

test('a link that wants every name gets them, and gives them back', async () => {
  const scene = await startScene();
  const { office, ask, links } = scene;
  try {
    await links([{ ...vpnTo(office), domains: [], takesAll: true }]);
    assert.equal((await ask('one.example')).address, '192.0.2.2');
    await links([]);
    assert.equal((await ask('one.example')).address, '192.0.2.1');
  } finally {
    await scene.close();
  }
});
