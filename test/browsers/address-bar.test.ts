import { after, before, test } from 'node:test';
import type { Browser } from './support/browser.ts';
import { Chromium } from './support/chromium.ts';
import { Firefox } from './support/firefox.ts';
import { routerAddress } from './support/internet.ts';
import { type BrowserName, whyMissing } from './support/own-machine.ts';
import { rows, type Setting } from './support/rows.ts';
import { type Scene, setUpScene, writeResolvConf } from './support/scene.ts';
import { Screen } from './support/screen.ts';
import { site, tryRow } from './support/try-row.ts';

let scene: Scene;
let screen: Screen;

before(async () => {
  scene = await setUpScene();
  screen = await Screen.start();
  await scene.internet.open(site);
  await scene.start(['--listen', '127.0.0.1:53', '--http', '127.0.0.1:8053', '--http', '[::1]:8053']);
});
after(async () => {
  await screen[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

const preferences = {
  'browser.fixup.dns_first_for_single_words': true,
  'browser.fixup.domainsuffixwhitelist.key': true,
};
const start: Readonly<Record<BrowserName, (setting: Setting) => Promise<Browser>>> = {
  Chromium: () => Chromium.start({ screen }),
  Firefox: (setting) => Firefox.start({ screen, preferences: setting === 'preferences' ? preferences : {} }),
};

const how: Readonly<Partial<Record<Setting, { readonly what: string; readonly resolver: string }>>> = {
  nothing: { what: 'where no resolver answers', resolver: routerAddress },
  system: { what: 'on a machine that asks pkarrd', resolver: '127.0.0.1' },
  preferences: { what: 'on a machine that asks pkarrd, with two preferences set,', resolver: '127.0.0.1' },
};

for (const row of rows) {
  const { what, resolver } = how[row.setting] ?? {};
  if (what === undefined || resolver === undefined) continue;
  test(`${row.browser} ${what} opens what the README says`, { skip: whyMissing(row.browser) }, async () => {
    writeResolvConf(`nameserver ${resolver}`);
    await using browser = await start[row.browser](row.setting);
    await tryRow(scene, browser, row);
  });
}
