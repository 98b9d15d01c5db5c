import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { RunningCommand } from '../../support/command.ts';
import { type Program, programs } from '../../support/programs.ts';
import { JudgedPage, startChromium } from './judged-page.ts';
import { whyMissing } from './own-machine.ts';

/** A demo that runs, and a browser beside it. */
export interface DemoPage {
  readonly program: Program;
  /** The address of the page, with its final slash. */
  readonly url: string;
  /** The first key of the demo, which has a site. */
  readonly key: string;
  /** A node of the demo's DHT. */
  readonly bootstrap: string;
  /** Opens a tab without anything in it, in a context of its own. */
  open(options?: BrowserContextOptions): Promise<JudgedPage>;
}

/** Runs `tests` at the page of a demo of each form of the program. What they are given is there when a test runs. */
export function describeDemoPage(what: string, tests: (demo: DemoPage) => void): void {
  for (const program of programs) {
    describe(`${what} on ${program.name}`, { skip: program.skip || whyMissing('Chromium') }, () => {
      let command: RunningCommand;
      let browser: Browser;
      const told = { url: '', key: '', bootstrap: '' };

      before(async () => {
        command = new RunningCommand(['demo'], { program: program.words });
        [, told.key = ''] = await command.printed(/First key {3}(\S+)\n/);
        [, told.bootstrap = ''] = await command.printed(/A node of the test DHT is (\S+?);/);
        [, told.url = ''] = await command.printed(/step by step\n {2}(http:\/\/localhost:\d+\/)\n/);
        browser = await startChromium();
      });
      after(async () => {
        await browser?.close();
        const { code, out, err } = await command.stop('SIGINT');
        assert.equal(code, 0, out + err);
      });

      tests({
        program,
        get url() {
          return told.url;
        },
        get key() {
          return told.key;
        },
        get bootstrap() {
          return told.bootstrap;
        },
        open: (options) => JudgedPage.open(browser, options),
      });
    });
  }
}
