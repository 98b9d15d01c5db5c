import { setTimeout as sleep } from 'node:timers/promises';
import axe from 'axe-core';
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { PAGE_MS, START_MS } from './browser.ts';

/** What is tested: WCAG 2.2 to level AA, and what axe recommends beyond it. */
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Chromium without a profile; each page that it opens is in a context of its own. */
export async function startChromium(): Promise<Browser> {
  return await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
    timeout: START_MS,
  });
}

/** A page, with all that was wrong with it. */
export class JudgedPage implements AsyncDisposable {
  readonly page: Page;
  /** Lines of the console, and exceptions. */
  readonly lines: string[] = [];
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
    page.on('console', (message) => this.lines.push(message.text()));
    page.on('pageerror', (error) => this.lines.push(String(error)));
  }

  static async open(browser: Browser, options: BrowserContextOptions = {}): Promise<JudgedPage> {
    const context = await browser.newContext(options);
    const page = await context.newPage();
    await page.addInitScript(`globalThis.shifts = [];
      new PerformanceObserver((list) => {
        for (const { hadRecentInput, value, sources } of list.getEntries())
          if (!hadRecentInput) shifts.push(value + ' ' + sources.map(({ node }) => node?.outerHTML ?? node?.textContent));
      }).observe({ type: 'layout-shift', buffered: true });`);
    return new JudgedPage(context, page);
  }

  /** What is wrong with the page as it is now: nothing, for a good one. */
  async faults(): Promise<readonly string[]> {
    const session = await this.#context.newCDPSession(this.page);
    await session.send('Runtime.evaluate', { expression: axe.source });
    await session.detach();
    const violations = (await this.page.evaluate(
      `axe.run(document, { runOnly: ${JSON.stringify(rules)} }).then(({ violations }) =>
        violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ failureSummary, html }) => html + failureSummary)))`,
    )) as readonly string[];
    const shifts = (await this.page.evaluate('shifts')) as readonly string[];
    const isWide = await this.page.evaluate('document.documentElement.scrollWidth > innerWidth');
    return [
      ...violations,
      ...shifts.map((shift) => `layout shift: ${shift}`),
      ...(isWide === true ? ['it is wider than the window'] : []),
      ...this.lines.map((line) => `console: ${line}`),
    ];
  }

  /** Resolves when an expression is true in the page. It is asked for from here: the policy of the page forbids it to evaluate any. */
  async until(expression: string): Promise<void> {
    for (const end = performance.now() + PAGE_MS; !(await this.page.evaluate(expression)); await sleep(50))
      if (performance.now() > end) throw new Error(`This is still false: ${expression}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
  }
}
