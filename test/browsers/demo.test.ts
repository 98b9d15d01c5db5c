import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { RunningCommand } from '../support/command.ts';
import { programs } from '../support/programs.ts';
import type { Browser } from './support/browser.ts';
import { Chromium } from './support/chromium.ts';
import { Firefox } from './support/firefox.ts';
import { type BrowserName, whyMissing } from './support/own-machine.ts';

const browsers: readonly (readonly [BrowserName, () => Promise<Browser>])[] = [
  ['Chromium', () => Chromium.start()],
  ['Firefox', () => Firefox.start()],
];

/** Milliseconds from the start of the demo to its page in a browser. */
const HALF_A_MINUTE = 30_000;

for (const program of programs) {
  describe(`the demo on ${program.name}, on a machine without any network`, { skip: program.skip }, () => {
    let demo: RunningCommand;
    let url = '';
    let milliseconds = Number.NaN;

    before(async () => {
      const startedAt = performance.now();
      demo = new RunningCommand(['demo'], { program: program.words });
      [, url = ''] = await demo.printed(
        /(http:\/\/[a-z0-9]{52}\.localhost:8053\/)\n {2}its certificate is that of the key\n/,
      );
      milliseconds = performance.now() - startedAt;
    });
    after(async () => {
      const { code, out, err } = await demo.stop('SIGINT');
      assert.equal(code, 0, out + err);
    });

    for (const [name, start] of browsers) {
      test(`has a site that ${name} opens within half a minute, and that everybody can read`, {
        skip: whyMissing(name),
      }, async () => {
        const startedAt = performance.now();
        await using browser = await start();
        const { status, text } = await browser.open(url);
        assert.equal(status, 200);
        assert.match(text, /^The name of this site is a public key/);
        assert.ok(text.includes(new URL(url).hostname.replace('.localhost', '')));
        const taken = milliseconds + performance.now() - startedAt;
        assert.ok(taken < HALF_A_MINUTE, `${Math.round(taken)} ms`);
        const facts = await browser.run(`[
          document.documentElement.lang,
          document.title !== '',
          document.querySelectorAll('main, h1').length,
          getComputedStyle(document.body).maxWidth !== 'none',
          document.documentElement.scrollWidth <= innerWidth,
        ]`);
        assert.deepEqual(facts, ['en', true, 2, true, true]);
      });
    }
  });
}
