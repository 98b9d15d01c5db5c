import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { NODES } from '../../src/cli/serve/demo/nodes.ts';
import { pkarrd } from '../support/command.ts';
import { describeDemoPage } from './support/demo-page.ts';
import { holdersOf } from './support/dht-holders.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-publish-page-'));
after(() => rmSync(directory, { recursive: true }));

/** How people look at it. */
const looks: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: 'light' },
  'forced colours': { forcedColors: 'active' },
  'a phone in the dark': { colorScheme: 'dark', viewport: { width: 360, height: 740 } },
};

const passphrase = 'correct horse battery';

/** What has the focus: its name, how wide its ring is, and whether it is to be seen. */
interface Focused {
  readonly text: string;
  readonly ring: number;
  readonly isInView: boolean;
}

const focused = `(() => {
  const it = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(it);
  const { top, bottom, left, right } = it.getBoundingClientRect();
  return {
    text: (it.labels?.[0] ?? it).textContent.trim(),
    ring: outlineStyle === 'none' ? 0 : parseFloat(outlineWidth),
    isInView: bottom > 0 && top < innerHeight && right > 0 && left < innerWidth,
  };
})()`;

/** Makes a key, and gives its text. */
async function makeKey(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Make a new key' }).click();
  return await page.locator('section.card code').first().innerText();
}

/** Publishes a zone file under the key that is open. */
async function publish(page: Page, zone: string): Promise<void> {
  await page.getByLabel('Zone file').fill(zone);
  await page.getByRole('button', { name: 'Sign and publish' }).click();
}

/** Saves the key that is open, and gives the file. */
async function saveKey(page: Page, name: string): Promise<string> {
  await page.getByLabel(/^Passphrase/).fill(passphrase);
  await page.getByLabel('The same again').fill(passphrase);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save the key' }).click(),
  ]);
  const file = join(directory, name);
  await download.saveAs(file);
  await page.getByText('It is in a file of yours.').waitFor();
  return file;
}

describeDemoPage('publishing on the page of the demo', (demo) => {
  for (const [look, options] of Object.entries(looks)) {
    test(`makes a key, checks a zone while it is typed, and publishes it, in ${look}, without a fault`, async () => {
      await using judged = await demo.open(options);
      const { page } = judged;
      await page.goto(`${demo.url}publish`);
      assert.deepEqual(await judged.faults(), []);
      const key = await makeKey(page);
      await page.getByLabel('Zone file').fill('@ A 192.0.2.77\n@ A 192.0.2\n');
      await page.getByText('"192.0.2" is not an IPv4 address').waitFor();
      assert.ok(await page.getByRole('button', { name: 'Sign and publish' }).isDisabled());
      await page.getByRole('button', { name: 'Line 2' }).click();
      const selected =
        'getSelection().toString() || zone.value.slice(zone.selectionStart, zone.selectionEnd)';
      assert.equal(await page.evaluate(selected), '192.0.2');
      assert.deepEqual(await judged.faults(), []);
      await publish(page, '@ A 192.0.2.77\n');
      await page.getByText(/^20 nodes of the DHT hold the packet of /).waitFor();
      assert.deepEqual(await judged.faults(), []);
      const { out, err } = await pkarrd(['resolve', key, '--bootstrap', demo.bootstrap]);
      assert.match(out, /A 192\.0\.2\.77/, err);
      // In this tab it would take the key away.
      const opened = page.waitForEvent('popup');
      await page.getByRole('link', { name: 'Look it up' }).click();
      await (await opened).getByText('and again by this browser').waitFor();
    });
  }

  test('as many nodes hold the packet as it says, each of the DHT asked by itself', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    await page.goto(`${demo.url}publish`);
    const key = await makeKey(page);
    const before = await holdersOf(demo.bootstrap, key);
    assert.deepEqual([before.nodes.length, before.packets.length], [NODES, 0]);
    await publish(page, '@ A 192.0.2.81\n');
    const said = await page.getByText(/^\d+ nodes? of the DHT holds? the packet of /).innerText();
    const { packets } = await holdersOf(demo.bootstrap, key);
    assert.equal(packets.length, Number.parseInt(said, 10));
    assert.equal(packets.length, 20);
    for (const { timestamp } of packets) assert.equal(timestamp, packets[0]?.timestamp);
  });

  test('makes a key, writes a zone, publishes it and saves the key with the keyboard alone, and it shows where it is', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    await page.goto(demo.url);
    /** Presses Tab until an element is reached, and looks at it. */
    const tabTo = async (name: RegExp) => {
      for (let tabs = 0; tabs < 30; tabs++) {
        await page.keyboard.press('Tab');
        const { text, ring, isInView } = (await page.evaluate(focused)) as Focused;
        assert.ok(ring >= 2 && isInView, `${text} has the focus, and does not show it`);
        if (name.test(text)) return;
      }
      assert.fail(`Tab does not lead to ${name}`);
    };
    await tabTo(/^Publish$/);
    await page.keyboard.press('Enter');
    await page.waitForURL(/publish$/);
    await judged.until("!document.querySelector('button').disabled");
    await tabTo(/^Make a new key$/);
    await page.keyboard.press('Enter');
    const key = await page.locator('section.card code').first().innerText();
    // What was there is gone: the focus is at what took its place.
    await judged.until("document.activeElement.id === 'key-title'");
    await tabTo(/^Passphrase/);
    await page.keyboard.type(passphrase);
    await page.keyboard.press('Tab');
    await page.keyboard.type('something else');
    await page.keyboard.press('Enter');
    assert.equal(
      await page.evaluate('document.activeElement.validationMessage'),
      'This is another passphrase.',
    );
    await page.keyboard.press('Control+A');
    await page.keyboard.type(passphrase);
    await tabTo(/^Save the key$/);
    const saved = page.waitForEvent('download');
    await page.keyboard.press('Enter');
    assert.equal((await saved).suggestedFilename(), `${key}.pem`);
    await page.getByText('It is in a file of yours.').waitFor();
    assert.match(((await page.evaluate(focused)) as Focused).text, /^Save the key$/);
    await tabTo(/^Zone file$/);
    await page.keyboard.press('Control+A');
    await page.keyboard.type('@ A 192.0.2\n');
    await tabTo(/^Line 1$/);
    await page.keyboard.press('Enter');
    // The wrong word is selected: typing replaces it.
    await page.keyboard.type('192.0.2.82');
    await tabTo(/^Sign and publish$/);
    await page.keyboard.press('Enter');
    await page.getByText(/^20 nodes of the DHT hold the packet of /).waitFor();
    assert.match(((await page.evaluate(focused)) as Focused).text, /^Sign and publish$/);
    await tabTo(/^Look it up/);
    const opened = page.waitForEvent('popup');
    await page.keyboard.press('Enter');
    await (await opened).getByText('192.0.2.82').first().waitFor();
    assert.deepEqual(await judged.faults(), []);
  });

  test('counts octets to 995, and signs nothing that is longer', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    await page.goto(`${demo.url}publish`);
    await makeKey(page);
    const count = page.locator('#zone-state');
    await page.getByLabel('Zone file').fill(`@ TXT ${'x'.repeat(100)}`);
    assert.match(await count.innerText(), /^\d{3} of 995 octets, 1 record$/);
    await page
      .getByLabel('Zone file')
      .fill(Array.from({ length: 10 }, (_, at) => `n${at} TXT ${'x'.repeat(100)}\n`).join(''));
    assert.match(await count.innerText(), /^\d{4} of 995 octets: \d+ too many$/);
    assert.ok(await page.getByRole('button', { name: 'Sign and publish' }).isDisabled());
  });

  test('a key that was saved is opened again by the page and by the command, and the page goes on from what is published', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    await page.goto(`${demo.url}publish`);
    const key = await makeKey(page);
    await publish(page, '@ A 192.0.2.78\nwww CNAME @\n');
    await page.getByText(/nodes? of the DHT hold/).waitFor();
    const file = await saveKey(page, `${demo.program.name}.pem`);
    assert.match(
      readFileSync(file, 'latin1'),
      /^Public key: \w{52}\n-----BEGIN ENCRYPTED PRIVATE KEY-----\n/,
    );

    await page.goto(`${demo.url}publish`);
    const open = async (text: string) => {
      await page.getByLabel('Key file').setInputFiles(file);
      await page.getByLabel('Passphrase, if').fill(text);
      await page.getByRole('button', { name: 'Open the key' }).click();
    };
    const openText = async (text: string) => {
      const buffer = Buffer.from(text, 'latin1');
      await page.getByLabel('Key file').setInputFiles({ name: 'id', mimeType: 'text/plain', buffer });
      await page.getByRole('button', { name: 'Open the key' }).click();
    };
    await openText('-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n');
    await page.getByText('This is an RSA key; Pkarr has Ed25519 keys only.').waitFor();
    await openText('pubky.org/recovery\nxyz');
    await page.getByText('Make a key file of it first: pkarrd keygen --from FILE.').waitFor();
    await open('another passphrase');
    await page.getByText('The passphrase does not open this file.').waitFor();
    await open(passphrase);
    await page.getByText(key).waitFor();
    const zone = page.getByLabel('Zone file');
    await judged.until("document.querySelector('#zone').value.includes('192.0.2.78')");
    assert.match(await zone.inputValue(), /^@ 300 A 192\.0\.2\.78\nwww 300 CNAME \w{52}\.\n$/);
    assert.deepEqual(judged.lines, []);

    const words = join(directory, 'passphrase');
    writeFileSync(words, passphrase);
    const imported = join(directory, `${demo.program.name}.key`);
    const importing = ['keygen', '--from', file, '--passphrase', words, '--out', imported];
    const { code, out, err } = await pkarrd(importing);
    assert.deepEqual([code, out], [0, `${key}\n`], err);

    // Somebody publishes with it elsewhere: the page does not replace that unseen.
    const zoneFile = join(directory, `${demo.program.name}.zone`);
    writeFileSync(zoneFile, '@ A 192.0.2.79\n');
    const network = ['--bootstrap', demo.bootstrap, '--relay-use', 'off', '--state-dir', directory];
    const published = await pkarrd(['publish', zoneFile, '--key', imported, '--force', ...network]);
    assert.equal(published.code, 0, published.err);
    await page.getByRole('button', { name: 'Sign and publish' }).click();
    await page.getByText('published elsewhere').waitFor();
    await page.getByRole('button', { name: 'Take over what is published' }).click();
    assert.match(await zone.inputValue(), /^@ 300 A 192\.0\.2\.79\n$/);
    // What was written there comes back like anything that is undone.
    await page.keyboard.press('Control+z');
    assert.match(await zone.inputValue(), /^@ 300 A 192\.0\.2\.78\n/);
    await page.keyboard.press('Control+Shift+z');
    assert.match(await zone.inputValue(), /^@ 300 A 192\.0\.2\.79\n$/);
  });

  test('a key of openssl is opened as it is', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    const file = join(directory, `${demo.program.name}-openssl.pem`);
    spawnSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', file]);
    const made = await pkarrd(['keygen', '--from', file, '--out', `${file}.key`]);
    await page.goto(`${demo.url}publish`);
    await page.getByLabel('Key file').setInputFiles(file);
    await page.getByRole('button', { name: 'Open the key' }).click();
    await page.getByText(made.out.trim()).waitFor();
    assert.deepEqual(judged.lines, []);
  });

  test('the secret is nowhere but in the memory of the tab', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    const seed = '5e'.repeat(32);
    const sent: string[] = [];
    page.on('request', (request) =>
      sent.push(`${request.url()} ${request.postDataBuffer()?.toString('hex')}`),
    );
    await page.goto(`${demo.url}publish`);
    await page.getByLabel('Or its 64 hexadecimal digits').fill(seed);
    await page.getByRole('button', { name: 'Open the key' }).click();
    await page.getByText('Looking for what is published').waitFor({ state: 'hidden' });
    await publish(page, '@ A 192.0.2.80\n');
    await page.getByText(/nodes? of the DHT hold/).waitFor();
    const kept = await page.evaluate(`(async () => JSON.stringify([
      Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, location.href, history.state,
      await indexedDB.databases(), await caches.keys(), document.documentElement.outerHTML,
      [...document.querySelectorAll('input, textarea')].map(({ value }) => value)]))()`);
    assert.ok(sent.some((line) => line.includes('/steps')) && sent.length > 4);
    for (const text of [String(kept), ...sent]) assert.ok(!text.includes(seed.slice(0, 16)), text);
    assert.match(String(kept), /^\[\[\],\[\],"","http:\/\/localhost:\d+\/publish",null,\[\],\[\],/);
  });

  test('asks before a key that is in no file is lost with the tab', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    await page.goto(`${demo.url}publish`);
    await makeKey(page);
    const asked = page.waitForEvent('dialog');
    const closing = page.close({ runBeforeUnload: true });
    const dialog = await asked;
    assert.equal(dialog.type(), 'beforeunload');
    await dialog.accept();
    await closing;
  });

  test('says without scripting, and where the way to the page is not safe, what to do instead', async () => {
    await using judged = await demo.open({ javaScriptEnabled: false });
    await judged.page.goto(`${demo.url}publish`);
    assert.match(await judged.page.locator('main').innerText(), /needs scripting.*pkarrd publish/s);
  });
});
