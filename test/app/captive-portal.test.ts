import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startResolution } from '../../src/app/resolution.ts';
import { Cancellation } from '../../src/async/cancellation.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { silentLog } from '../../src/observe/log.ts';
import { queryFor, toLines } from '../resolve/layers.ts';
import { building } from '../support/building.ts';
import { replyA, startScriptedUpstream } from '../support/scripted-upstream.ts';

test('behind a portal its checks, and nothing else, reach the resolver of the network, until the portal is open', async () => {
  const scene = await building(async (undo) => {
    let isOpen = false;
    const chosen = await startScriptedUpstream({
      script: (received) => (isOpen ? replyA(received, '192.0.2.1', 60) : undefined),
    });
    undo(() => chosen.close());
    const router = await startScriptedUpstream({ script: (received) => replyA(received, '10.0.0.1', 60) });
    undo(() => router.close());
    const warnings: string[] = [];
    const settings = {
      ...defaultSettings({ environment: {}, isRoot: false, home: '/nonexistent' }),
      upstream: [`127.0.0.1:${chosen.port}`],
    };
    const resolution = await startResolution(
      settings,
      { ...silentLog, warn: (message) => warnings.push(message) },
      {
        packetReader: { read: async () => assert.fail('no name of a key is asked') },
        resolvers: {
          current: async () => ({
            servers: [{ address: '127.0.0.1', port: router.port }],
            search: [],
            links: [],
          }),
        },
      },
    );
    undo(() => resolution.close());
    return {
      ...{ resolution, router, warnings },
      open() {
        isOpen = true;
      },
    };
  });
  try {
    const { resolution, router, warnings } = scene;
    const ask = async (name: string) =>
      toLines(
        await resolution.router.resolve(queryFor(name), {
          cancellation: new Cancellation(),
          aliasesFollowed: 0,
        }),
      );
    const [check, other] = await Promise.allSettled([ask('detectportal.firefox.com'), ask('www.example')]);
    assert.deepEqual(check, {
      status: 'fulfilled',
      value: ['NOERROR', 'detectportal.firefox.com. 5 IN A 10.0.0.1'],
    });
    assert.equal(other.status, 'rejected');
    assert.deepEqual([resolution.portalIsLikely(), warnings.length], [true, 1]);
    assert.deepEqual(
      router.received.map(({ name }) => name.toLowerCase()),
      ['detectportal.firefox.com'],
    );
    scene.open();
    assert.match((await ask('www.example')).join(), /192\.0\.2\.1/);
    assert.equal(resolution.portalIsLikely(), false);
  } finally {
    await scene.close();
  }
});
