import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pkarrd, type RunningCommand } from '../support/command.ts';
import { programs } from '../support/programs.ts';
import type { Browser } from './support/browser.ts';
import { Chromium } from './support/chromium.ts';
import { Firefox } from './support/firefox.ts';
import { routerAddress } from './support/internet.ts';
import { type BrowserName, whyMissing } from './support/own-machine.ts';
import { rows, type Setting } from './support/rows.ts';
import { newKey, type Scene, setUpScene, writeResolvConf } from './support/scene.ts';
import { Screen } from './support/screen.ts';
import { site, tryRow } from './support/try-row.ts';

type Policy = Readonly<Record<string, unknown>>;

let scene: Scene;
let screen: Screen;
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-browsers-https-'));
/** What `pkarrd certificate` says to write into the files of the policies. */
let policies: Readonly<Record<BrowserName, Policy>>;

before(async () => {
  scene = await setUpScene();
  screen = await Screen.start();
  await scene.internet.open(site);
  const tls = join(directory, 'tls');
  const { code, out, err } = await pkarrd(['certificate', '--out', tls]);
  assert.equal(code, 0, err);
  // It names the place where Debian has it after the lines for Debian, which are not run here.
  const policy = (start: string) => {
    const line = out.split('\n').find((one) => one.trim().startsWith(start)) ?? '';
    return JSON.parse(line.replaceAll('/usr/local/share/ca-certificates/pkarrd.crt', join(tls, 'ca.pem')));
  };
  policies = { Chromium: policy('{"CACertificates"'), Firefox: policy('{"policies"').policies };
});
after(async () => {
  await screen[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const start: Readonly<Record<BrowserName, () => Promise<Browser>>> = {
  Chromium: () => Chromium.start({ screen, policy: policies.Chromium }),
  Firefox: () => Firefox.start({ screen, policy: policies.Firefox }),
};

const how: Readonly<
  Partial<Record<Setting, { readonly resolvConf: readonly string[]; readonly what: string }>>
> = {
  https: { resolvConf: [`nameserver ${routerAddress}`], what: 'with a policy alone' },
  'https-search': {
    resolvConf: [`nameserver ${routerAddress}`, 'search key'],
    what: 'with a policy, and "search key" in resolv.conf,',
  },
};

for (const program of programs) {
  describe(`DNS over HTTPS from pkarrd on ${program.name}, where the system's resolver does not answer`, {
    skip: program.skip,
  }, () => {
    let running: RunningCommand;
    before(async () => {
      const certificate = ['server.pem', 'server.key'].map((name) => join(directory, 'tls', name)) as [
        string,
        string,
      ];
      running = await scene.start(
        [
          ...['--listen', '127.0.0.1:5300', '--https', '127.0.0.1:8443'],
          ...['--certificate', certificate[0], '--certificate-key', certificate[1]],
        ],
        program,
      );
    });
    after(() => running.stop());

    for (const row of rows) {
      const { what, resolvConf } = how[row.setting] ?? {};
      if (what === undefined || resolvConf === undefined) continue;
      test(`${row.browser} ${what} opens what the README says`, {
        skip: whyMissing(row.browser),
      }, async () => {
        writeResolvConf(...resolvConf);
        await using browser = await start[row.browser]();
        await untilTrusted(browser);
        await tryRow(scene, browser, row);
      });
    }

    test('Chromium never asks it for a single label', { skip: whyMissing('Chromium') }, async () => {
      writeResolvConf(`nameserver ${routerAddress}`);
      await using browser = await start.Chromium();
      await untilTrusted(browser);
      const key = newKey();
      await scene.dht.publish(key.pair, `@ A ${site.address}`);
      const published = scene.dht.datagramsAbout(key.pair.publicKey);
      assert.match((await browser.open(`http://${key.text}/`)).failure ?? '', /ERR_NAME_NOT_RESOLVED/);
      assert.equal(scene.dht.datagramsAbout(key.pair.publicKey), published);
      assert.equal((await browser.open(`http://${key.text}./`)).status, 200);
    });
  });
}

/** An authority of a policy is loaded some moments after the start; until then nothing is resolved. */
async function untilTrusted(browser: Browser): Promise<void> {
  const key = newKey();
  await scene.dht.publish(key.pair, `@ A ${site.address}`);
  for (const end = performance.now() + 20_000; performance.now() < end; ) {
    if ((await browser.open(`http://${key.text}.key/`)).failure === undefined) return;
  }
  throw new Error('the browser does not resolve anything');
}
