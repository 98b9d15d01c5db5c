import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContextOptions } from 'playwright-core';
import { askUdp, query } from '../support/dns-client.ts';
import { PAGE_MS } from './support/browser.ts';
import { describeDemoPage } from './support/demo-page.ts';

/** How people look at it. */
const looks: Readonly<Record<string, BrowserContextOptions>> = {
  light: { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  dark: { colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  'forced colours': { forcedColors: 'active', viewport: { width: 1280, height: 900 } },
  'a phone': { colorScheme: 'light', viewport: { width: 360, height: 740 }, hasTouch: true },
  'a phone in the dark': { colorScheme: 'dark', viewport: { width: 360, height: 740 } },
};

/** Resolves when `read` gives something else than `before`. */
async function changed(read: () => Promise<string>, before: string): Promise<void> {
  for (const end = performance.now() + PAGE_MS; (await read()) === before; await sleep(50))
    assert.ok(performance.now() < end, `it is still ${before}`);
}

describeDemoPage('the page of the demo', (demo) => {
  for (const [look, options] of Object.entries(looks)) {
    test(`shows live figures in ${look}, without a fault`, async () => {
      await using judged = await demo.open(options);
      const { page } = judged;
      await page.goto(demo.url);
      assert.equal(await page.locator('h1').innerText(), '✓\nHealthy.');
      const total = page
        .locator('tr', { hasText: /^Queries/ })
        .locator('td')
        .last();
      const before = await total.innerText();
      for (let count = 0; count < 5; count++)
        await askUdp({ host: '127.0.0.1', port: 5300 }, query(`www.${demo.key}`));
      await changed(() => total.innerText(), before);
      await page.locator('.chart .line').first().waitFor();
      assert.deepEqual(await judged.faults(), []);
    });

    test(`looks a name up step by step in ${look}, without a fault`, async () => {
      await using judged = await demo.open(options);
      const { page } = judged;
      await page.goto(`${demo.url}lookup`);
      await page.getByLabel('Key or name').fill(`https://www.${demo.key}/path`);
      await page.getByRole('button', { name: 'Look up' }).click();
      await page.getByText('and again by this browser').waitFor();
      await page.getByRole('heading', { name: 'The answer' }).waitFor();
      await page.getByText(/^Done: \d+ of \d+ that answered hold the packet\.$/).waitFor();
      await page.getByText('Each of them').click();
      assert.deepEqual(await judged.faults(), []);
    });
  }

  test('has a section for names, without a fault', async () => {
    await using judged = await demo.open(looks['a phone'] ?? {});
    const { page } = judged;
    await page.goto(demo.url);
    await page.getByRole('link', { name: 'Names' }).click();
    await page.getByRole('heading', { name: 'Your names for keys' }).waitFor();
    assert.deepEqual(await judged.faults(), []);
  });

  test('shows who holds a packet, what is in it, and the same as dig', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    await page.goto(`${demo.url}lookup?name=www.${demo.key}&type=A`);
    const [holders = 0, answered = 0] =
      (await page.getByRole('status').innerText()).match(/\d+/g)?.map(Number) ?? [];
    assert.ok(holders >= 18 && answered >= holders, `${holders} of ${answered}`);
    await page.getByText('Each of them').click();
    assert.equal(await page.locator('details tbody tr').count(), answered);
    assert.match(
      await page.locator('details tbody tr').first().innerText(),
      /ms\s127\.0\.0\.1:\d+\s\d+ bits?\sholds this packet/,
    );
    const records = page.getByRole('table', { name: 'Its records' });
    assert.ok((await records.locator('tbody tr').count()) > 10);
    assert.match(await records.innerText(), /www\s+300\s+A\s+192\.0\.2\.80/);
    const answer = await page.locator('pre').innerText();
    assert.match(answer, new RegExp(`^\\$ dig @127\\.0\\.0\\.1 -p 5300 www\\.${demo.key}\\. A\n`));
    assert.match(answer, new RegExp(`ANSWER SECTION:\nwww\\.${demo.key}\\. \\d+ IN A 192\\.0\\.2\\.80\n`));
    await page.getByRole('link', { name: `http://www.${demo.key}.localhost` }).waitFor();
  });

  test('leads to the site of a key', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    await page.goto(`${demo.url}lookup?name=${demo.key}&type=`);
    await page.getByRole('link', { name: `http://${demo.key}.localhost` }).click();
    await page.getByText('The name of this site is a public key').first().waitFor();
  });

  test('says what the answer is for names that end in no key, do not exist, or are no names', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    for (const [name, expected] of [
      ['www.example.com', 'www.example.com. '],
      ['unheard-of.example.net', 'From the upstream resolver 127.0.0.1:'],
      [`nothing.${demo.key}`, 'status: NXDOMAIN'],
      ['127.0.0.1', '1.0.0.127.in-addr.arpa.'],
      ['a..b', '“a..b” is not a domain name: it has an empty label.'],
      ['y'.repeat(52), 'is not a public key'],
    ] as const) {
      await page.goto(`${demo.url}lookup`);
      await page.getByLabel('Key or name').fill(name);
      await page.keyboard.press('Enter');
      await page.getByText(expected).filter({ visible: true }).first().waitFor();
    }
    assert.deepEqual(judged.lines, []);
  });

  test('is worked with the keyboard alone, and back and forth lead through what was looked up', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    await page.goto(demo.url);
    const press = async (...keys: readonly string[]) => {
      for (const one of keys) await page.keyboard.press(one);
    };
    await press('Tab');
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Skip to the content');
    await press('Tab', 'Tab', 'Tab', 'Enter');
    await page.waitForURL(`${demo.url}lookup`);
    for (let tabs = 0; tabs < 10; tabs++) {
      if ((await page.evaluate('document.activeElement.id')) === 'name') break;
      await press('Tab');
    }
    await page.keyboard.type(demo.key);
    await press('Tab');
    await page.keyboard.type('TXT');
    await press('Tab', 'Enter');
    await page.getByText('Its owner signed this.').first().waitFor();
    assert.equal(page.url(), `${demo.url}lookup?name=${demo.key}&type=TXT`);
    await page.goBack();
    await page.locator('pre').waitFor({ state: 'detached' });
    await page.goForward();
    await page.locator('pre').waitFor();
    assert.deepEqual(judged.lines, []);
  });

  test('closes its stream in a tab that is hidden, and opens it again', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    const opened = page.waitForRequest(/\/events$/);
    await page.goto(demo.url);
    await opened;
    const hide = (isHidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, 'hidden', { get: () => ${isHidden}, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`);
    const ended = page.waitForEvent('requestfailed', (request) => request.url().endsWith('/events'));
    await hide(true);
    await ended;
    const again = page.waitForRequest(/\/events$/);
    await hide(false);
    await again;
  });

  test('says so when pkarrd tells nothing any more, and goes on when it does', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    await page.route('**/events', (route) => route.abort());
    await page.goto(demo.url);
    await page.getByRole('heading', { name: 'pkarrd does not answer.' }).waitFor();
    assert.match(await page.locator('.verdict').innerText(), /What is shown here was so at \d+:\d\d/);
    await page.unroute('**/events');
    await page.getByRole('heading', { name: 'Healthy.' }).waitFor();
  });

  test('what is no name at all is asked of nobody, and an answer that does not come is told', async () => {
    await using judged = await demo.open();
    const { page } = judged;
    await page.goto(`${demo.url}lookup`);
    const lookUp = async (name: string) => {
      await page.getByLabel('Key or name').fill(name);
      await page.keyboard.press('Enter');
    };
    await lookUp('a'.repeat(1_000_000));
    await page.getByText('This is too long for a name.').waitFor();
    assert.equal(page.url(), `${demo.url}lookup`);
    assert.deepEqual(await judged.faults(), []);
    await page.route('**/steps?*', (route) => route.abort());
    await lookUp('www.example.com');
    await page.getByText('pkarrd does not answer, or not to the end. Is it running?').waitFor();
    await page.unroute('**/steps?*');
    await lookUp(demo.key);
    await page.getByText('and again by this browser').waitFor();
    assert.equal(await page.title(), `${demo.key} · Look up · pkarrd`);
    await page.goBack();
    await page.getByText(/www\.example\.com\. \d+ IN A/).waitFor();
    assert.equal(await page.title(), 'www.example.com · Look up · pkarrd');
  });

  test('has its figures and looks names up without scripting', async () => {
    await using judged = await demo.open({ javaScriptEnabled: false });
    const { page } = judged;
    await page.goto(demo.url);
    assert.match(
      await page.locator('body').innerText(),
      /Healthy\.[\s\S]*\d+ nodes known[\s\S]*Queries\s+\d+/,
    );
    await page.getByRole('link', { name: 'Look up' }).click();
    await page.getByLabel('Key or name').fill(`pk:${demo.key}`);
    await page.getByLabel('Type').selectOption('TXT');
    await page.getByRole('button', { name: 'Look up' }).click();
    const text = await page.locator('body').innerText();
    assert.match(text, /Done: \d+ of \d+ that answered hold the packet\./);
    assert.match(text, /valid: verified by pkarrd\n/);
    assert.match(text, /ANSWER SECTION:[\s\S]*"This name is a public key\."/);
  });
});
