import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { startTestNetwork, type TestNetwork } from '../../src/testnet/test-network.ts';
import type { RelayServer } from '../relay/relay-server.ts';
import { root } from '../support/installed-package.ts';
import { examples, exampleWith } from './examples.ts';
import { startStoringRelay } from './relay.ts';

// Below the root, so that the name of the package means what was built here. On Bun this file itself runs on Bun.
const directory = mkdtempSync(join(root, 'dist', 'examples-'));
after(() => rmSync(directory, { recursive: true }));

describe('the programs in the README', () => {
  let network: TestNetwork;
  let relay: RelayServer;
  before(async () => {
    network = await startTestNetwork({ nodes: 20 });
    relay = await startStoringRelay();
  });
  after(async () => {
    await network.close();
    await relay.close();
  });

  test('are these', () => {
    assert.deepEqual([...examples.keys()], ['sign', 'client', 'relay']);
  });

  for (const [name, printed] of [
    [
      'sign',
      /^http:\/\/\w{52}\/ takes \d+ of 995 bytes:\n\w{52}\. 300 A 192\.0\.2\.1\nwww\.\w{52}\. 300 CNAME \w{52}\.\n$/,
    ],
    ['client', /^20 of 20 nodes hold it\.\n(?=.*192\.0\.2\.1)/s],
    ['relay', /192\.0\.2\.1/],
  ] as const) {
    test(`${name}: it runs, prints what it says, and ends`, async () => {
      const bootstrap = network.bootstrap.map(({ host, port }) => `${host}:${port}`);
      const file = join(directory, `${name}.mjs`);
      writeFileSync(file, exampleWith(name, { bootstrap, relay: relay.url }));
      const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
      const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
      assert.match(out, printed, err);
      assert.equal(err, '');
    });
  }
});
