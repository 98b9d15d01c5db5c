import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import {
  type Browser,
  type BrowserOptions,
  PAGE_MS,
  PAGE_STATE,
  type SeenResponse,
  START_MS,
  type Visit,
} from './browser.ts';
import type { Screen } from './screen.ts';

/** What only Chromium has. */
export interface ChromiumOptions extends BrowserOptions {
  /** Authorities, PEM files, that the user of the profile trusts. */
  readonly trusted?: readonly string[];
  readonly screen?: Screen;
}

const POLICIES = '/etc/chromium/policies/managed';

/**
 * Debian's Chromium, driven by Playwright. None of the flags that Playwright adds is used: they turn off parts of the browser that
 * decide how a name is opened.
 */
export class Chromium implements Browser {
  readonly responses: SeenResponse[] = [];
  readonly #home: string;
  readonly #context: BrowserContext;
  readonly #screen: Screen | undefined;
  #page: Page | undefined;

  private constructor(home: string, context: BrowserContext, screen: Screen | undefined) {
    this.#home = home;
    this.#context = context;
    this.#screen = screen;
    context.on('response', (response) =>
      this.responses.push({ url: response.url(), status: response.status() }),
    );
  }

  static async start(options: ChromiumOptions = {}): Promise<Chromium> {
    const { policy = {}, trusted = [], screen } = options;
    writeFileSync(join(POLICIES, 'test.json'), JSON.stringify(policy));
    const home = mkdtempSync(join(tmpdir(), 'pkarrd-chromium-'));
    const store = join(home, '.pki/nssdb');
    mkdirSync(store, { recursive: true });
    certutil('-d', `sql:${store}`, '-N', '--empty-password');
    for (const file of trusted) certutil('-d', `sql:${store}`, '-A', '-t', 'C,,', '-n', file, '-i', file);
    const profile = join(home, 'profile');
    const display =
      screen === undefined ? { args: ['--headless=new'] } : { args: [], display: screen.display };
    const { PATH = '' } = process.env;
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: '/usr/bin/chromium',
      headless: false,
      ignoreDefaultArgs: true,
      args: [
        ...['--no-sandbox', '--no-first-run', '--disable-gpu', '--remote-debugging-pipe'],
        ...[`--user-data-dir=${profile}`, '--password-store=basic', ...display.args, 'about:blank'],
      ],
      env: { PATH, HOME: home, ...(display.display !== undefined && { DISPLAY: display.display }) },
      timeout: START_MS,
    });
    return new Chromium(home, context, screen);
  }

  async open(url: string): Promise<Visit> {
    await this.#page?.close();
    const page = await this.#context.newPage();
    this.#page = page;
    try {
      await page.goto(url, { timeout: PAGE_MS });
    } catch (error) {
      const [line = ''] = String(error).split('\n');
      return { url: page.url(), status: undefined, text: '', failure: line };
    }
    return await this.#seen();
  }

  async type(text: string): Promise<Visit> {
    if (this.#screen === undefined) throw new Error('there is no screen to type on');
    const page = this.#context.pages()[0] ?? (await this.#context.newPage());
    this.#page = page;
    await page.goto('about:blank');
    await page.bringToFront();
    await this.#screen.typeAddress(text);
    const end = performance.now() + PAGE_MS;
    while (page.url() === 'about:blank' && performance.now() < end) await sleep(50);
    await page.waitForLoadState('load', { timeout: PAGE_MS });
    return await this.#seen();
  }

  async run(expression: string): Promise<unknown> {
    return await this.#page?.evaluate(expression);
  }

  /** Says yes to the page that is shown, when it asks to reach other programs of this machine. */
  async allowLocalNetwork(): Promise<void> {
    await this.#context.grantPermissions(['local-network-access'], {
      origin: new URL(this.#page?.url() ?? '').origin,
    });
  }

  async #seen(): Promise<Visit> {
    const [url, status, text] = (await this.run(PAGE_STATE)) as [string, number, string];
    return { url, status: status === 0 ? undefined : status, text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Changes a store of certificates, as users of Debian do. */
function certutil(...words: readonly string[]): void {
  const { status, stderr } = spawnSync('certutil', words, { encoding: 'utf8', timeout: 20_000 });
  if (status !== 0) throw new Error(`certutil ${words.join(' ')}: ${stderr}`);
}
