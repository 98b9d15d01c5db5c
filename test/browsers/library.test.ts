import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { includeFrom } from '../../src/pkarr/zone/file/include.ts';
import { noExternalAddresses } from '../../src/pkarr/zone/file/placeholders.ts';
import { loadZone } from '../../src/publish/zone-file.ts';
import { ZoneProblem } from '../../src/publish/zone-problem.ts';
import { recordTexts } from '../fuzz/corpus.ts';
import { exampleWith } from '../library/examples.ts';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { root } from '../support/installed-package.ts';
import { fc } from '../support/property.ts';
import { startChromium } from './support/judged-page.ts';
import { whyMissing } from './support/own-machine.ts';

const seed = new Uint8Array(32).fill(3);
const keyPair = KeyPair.fromSeed(seed);

/** What a page without a bundler has: a name for the file. */
const html = `<!doctype html><html lang="en"><title>A page</title><link rel="icon" href="data:,">
  <script type="importmap">{ "imports": { "pkarrd/pkarr": "/pkarr.js" } }</script></html>`;

/** A zone file as `pkarrd publish` and its --dry-run compile it: the octets in hexadecimal, or the errors with their places. */
function compiledByCommand(text: string): string {
  const include = includeFrom(() => ({ problem: 'no' }));
  const source = { path: 'zone', text, include, included: [], identity: '', changedAt: 0n, fingerprint: '' };
  try {
    const { message } = loadZone(source, keyPair.publicKey, noExternalAddresses);
    return Buffer.from(message).toString('hex');
  } catch (error) {
    if (error instanceof ZoneProblem) return error.message.replaceAll(/^zone(?::\d+:\d+)?: /gm, '').trim();
    throw error;
  }
}

const owner = fc.constantFrom(
  '@',
  'www',
  'a.b',
  '*.x',
  '_sip._tcp',
  '',
  `${keyPair.publicKey}.`,
  'exämple',
  'a\\.b',
  'WWW',
);
const ttl = fc.constantFrom('', '60', '1h30m', '0', '2147483647');
const words = fc.string({ unit: fc.constantFrom(...'ab1ä€"\\;() \t.@'), maxLength: 12 });
const record = fc.tuple(
  owner,
  ttl,
  fc.oneof(
    fc.constantFrom(...recordTexts.map(({ type, text }) => `${type} ${text}`)),
    fc.ipV4().map((ip) => `A ${ip}`),
    fc.ipV6().map((ip) => `AAAA ${ip}`),
    words.map((text) => `TXT "${text}"`),
    words.map((text) => `CAA 0 issue ${text}`),
  ),
);
const line = fc.oneof(
  { weight: 40, arbitrary: record.map((parts) => parts.join(' ')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '$TTL 1d',
      '$ORIGIN sub',
      '; a comment',
      'x TXT ( "a"',
      ' "b" )',
      '@ A {external_ipv4}',
      '$INCLUDE other',
    ),
  },
  { weight: 1, arbitrary: words },
);
/** Mostly short, so that many are without an error; some too long for a packet. */
const zone = fc.array(line, { maxLength: 8 }).map((lines) => `${lines.join('\n')}\n`);

describe('the library in Chromium', { skip: whyMissing('Chromium') }, () => {
  let browser: Browser;
  let page: Page;
  let server: Server;
  let demo: RunningCommand;
  let relay = '';
  const printed: string[] = [];
  const directory = mkdtempSync(join(tmpdir(), 'pkarrd-library-'));

  before(async () => {
    const files = {
      '/': ['text/html', html],
      '/pkarr.js': ['text/javascript', readFileSync(join(root, 'dist/library/pkarr.js'))],
    } as const;
    server = createServer(({ url }, response) => {
      const file = files[url as keyof typeof files];
      response
        .writeHead(file === undefined ? 404 : 200, { 'content-type': file?.[0] ?? 'text/plain' })
        .end(file?.[1]);
    }).listen(0, '127.0.0.1');
    // Its relay takes packets of pages of every origin.
    demo = new RunningCommand(['demo']);
    [, relay = ''] = await demo.printed(/step by step\n {2}(http:\/\/localhost:\d+)\/\n/);
    browser = await startChromium();
    page = await browser.newPage();
    page.on('console', (message) => printed.push(message.text()));
    page.on('pageerror', (error) => printed.push(String(error)));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  });
  after(async () => {
    await browser.close();
    await demo.stop('SIGINT');
    server.close();
    rmSync(directory, { recursive: true });
  });

  for (const [name, expected] of [
    [
      'sign',
      /^http:\/\/\w{52}\/ takes \d+ of 995 bytes:\n\w{52}\. 300 A 192\.0\.2\.1\nwww\.\w{52}\. 300 CNAME/,
    ],
    ['relay', /^\[(?:Object|\{name: \w{52}\.)/],
  ] as const) {
    test(`the example of the README runs: ${name}`, async () => {
      printed.length = 0;
      const text = exampleWith(name, { relay });
      // As an author writes it into a page, with one line more that tells that it is over.
      await page.evaluate('globalThis.isOver = false');
      await page.addScriptTag({ type: 'module', content: `${text}\nglobalThis.isOver = true;` });
      await page.waitForFunction('isOver');
      assert.match(printed.join('\n'), expected);
    });
  }

  test('the page and `pkarrd publish --dry-run` compile generated zone files to the same octets, or find the same errors', async () => {
    const zones = fc.sample(zone, { numRuns: 1_000, seed: 995 });
    const compiledByPage: string = await page.evaluate(
      `(async () => {
        const { compileZone, KeyPair } = await import('/pkarr.js');
        const key = KeyPair.fromSeed(new Uint8Array(${JSON.stringify([...seed])})).publicKey;
        return JSON.stringify(${JSON.stringify(zones)}.map((text) => {
          const zone = compileZone(text, key);
          return zone.ok
            ? [...zone.message].map((octet) => octet.toString(16).padStart(2, '0')).join('')
            : zone.errors.map(({ message }) => message);
        }));
      })()`,
    );
    const results = JSON.parse(compiledByPage) as (string | readonly string[])[];
    let valid = 0;
    for (const [index, text] of zones.entries()) {
      const result = results[index] ?? assert.fail();
      const expected = compiledByCommand(text);
      if (typeof result === 'string') valid++;
      if (typeof result === 'string') assert.equal(result, expected, text);
      // Files are included by the command alone, and a zone without records is told in other words.
      else if (/^[0-9a-f]+$/.test(expected)) assert.fail(`${text}: ${result.join('\n')}`);
      else if (!text.includes('$INCLUDE') && !expected.includes('no records'))
        assert.equal(result.join('\n'), expected, text);
    }
    assert.ok(valid > 100 && valid < 900, `${valid} of ${zones.length} are valid`);
    // The command itself, of some of them.
    const keyFile = join(directory, 'my.key');
    writeFileSync(keyFile, Buffer.from(seed).toString('hex'), { mode: 0o600 });
    const some = [...zones.keys()].filter((index) => typeof results[index] === 'string').slice(0, 5);
    for (const index of some) {
      const file = join(directory, 'zone');
      writeFileSync(file, zones[index] ?? '');
      const { out, err } = await pkarrd(['publish', file, '--key', keyFile, '--dry-run']);
      assert.match(out, new RegExp(`^; size ${(results[index]?.length ?? 0) / 2} of 995 bytes$`, 'm'), err);
    }
  });

  test('a packet that the page signs is the one that this program signs', async () => {
    const text = '@ A 192.0.2.1\nwww CNAME @\n';
    const bytes = (await page.evaluate(`(async () => {
      const { compileZone, KeyPair, SignedPacket } = await import('/pkarr.js');
      const keyPair = KeyPair.fromSeed(new Uint8Array(${JSON.stringify([...seed])}));
      const { message } = compileZone(${JSON.stringify(text)}, keyPair.publicKey);
      return [...SignedPacket.sign(keyPair, message, { timestamp: 5n }).toBytes()];
    })()`)) as readonly number[];
    const { SignedPacket } = await import('../../src/pkarr/signed-packet.ts');
    const ours = SignedPacket.sign(keyPair, Buffer.from(compiledByCommand(text), 'hex'), 5n);
    assert.deepEqual(Uint8Array.from(bytes), ours.toBytes());
  });
});
