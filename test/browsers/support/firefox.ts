import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
import { connectWebSocket, type WebSocketConnection } from './websocket.ts';

/** What only Firefox has. */
export interface FirefoxOptions extends BrowserOptions {
  /** Preferences, as about:config sets them. */
  readonly preferences?: Readonly<Record<string, unknown>>;
  readonly screen?: Screen;
}

const POLICIES = '/etc/firefox/policies/policies.json';

/** Nothing of these has to do with names: no questions, no reports, no updates. */
const QUIET = {
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.reportingpolicy.firstRun': false,
  'browser.startup.homepage_override.mstone': 'ignore',
  'browser.startup.page': 0,
  'app.update.enabled': false,
};

/** Firefox ESR, driven through its own WebDriver BiDi socket (w3.org/TR/webdriver-bidi). */
export class Firefox implements Browser {
  readonly responses: SeenResponse[] = [];
  readonly #home: string;
  readonly #child: ChildProcess;
  readonly #bidi: BiDi;
  readonly #screen: Screen | undefined;
  #context: string | undefined;

  private constructor(home: string, child: ChildProcess, bidi: BiDi, screen: Screen | undefined) {
    this.#home = home;
    this.#child = child;
    this.#bidi = bidi;
    this.#screen = screen;
    bidi.onEvent = (method, parameters) => {
      if (method !== 'network.responseCompleted') return;
      const { url, status } = (parameters as { readonly response: SeenResponse }).response;
      this.responses.push({ url, status });
    };
  }

  static async start(options: FirefoxOptions = {}): Promise<Firefox> {
    const { policy = {}, preferences = {}, screen } = options;
    writeFileSync(POLICIES, JSON.stringify({ policies: policy }));
    const home = mkdtempSync(join(tmpdir(), 'pkarrd-firefox-'));
    const profile = join(home, 'profile');
    mkdirSync(profile);
    const lines = Object.entries({ ...QUIET, ...preferences }).map(
      ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`,
    );
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    const { PATH = '' } = process.env;
    const child = spawn(
      'firefox-esr',
      [
        ...(screen === undefined ? ['--headless'] : []),
        ...['--no-remote', '--profile', profile, '--remote-debugging-port', '0'],
      ],
      {
        env: { PATH, HOME: home, ...(screen !== undefined && { DISPLAY: screen.display }) },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    const bidi = await BiDi.connect(await addressOf(child));
    await bidi.call('session.new', { capabilities: {} });
    await bidi.call('session.subscribe', { events: ['network.responseCompleted'] });
    return new Firefox(home, child, bidi, screen);
  }

  async open(url: string): Promise<Visit> {
    const before = this.#context;
    const { context } = (await this.#bidi.call('browsingContext.create', { type: 'tab' })) as {
      context: string;
    };
    this.#context = context;
    if (before !== undefined) await this.#bidi.call('browsingContext.close', { context: before });
    try {
      await this.#bidi.call('browsingContext.navigate', { context, url, wait: 'complete' }, PAGE_MS);
    } catch (error) {
      return { url, status: undefined, text: '', failure: String(error) };
    }
    return await this.#seen();
  }

  async type(text: string): Promise<Visit> {
    if (this.#screen === undefined) throw new Error('there is no screen to type on');
    const [first] = (await this.#tree()).contexts;
    if (first === undefined) throw new Error('Firefox has no window');
    this.#context = first.context;
    await this.#bidi.call('browsingContext.navigate', {
      context: first.context,
      url: 'about:blank',
      wait: 'complete',
    });
    await this.#bidi.call('browsingContext.activate', { context: first.context });
    await this.#screen.typeAddress(text);
    await this.#untilLoaded();
    return await this.#seen();
  }

  /** Waits until another page than about:blank is there, its own page of an error too. */
  async #untilLoaded(): Promise<void> {
    const end = performance.now() + PAGE_MS;
    for (; performance.now() < end; await sleep(50)) {
      // Between two pages there is none to run anything in.
      const state = await this.run('[document.documentURI, document.readyState]').catch(() => undefined);
      const [url, readiness] = (state ?? []) as readonly string[];
      if (url?.startsWith('about:neterror')) return;
      if (url !== undefined && url !== 'about:blank' && readiness === 'complete') return;
    }
  }

  async run(expression: string): Promise<unknown> {
    const answer = (await this.#bidi.call('script.evaluate', {
      expression,
      target: { context: this.#context },
      awaitPromise: true,
    })) as { result?: RemoteValue; exceptionDetails?: { text: string } };
    if (answer.result === undefined) throw new Error(answer.exceptionDetails?.text ?? 'no result');
    return plainValue(answer.result);
  }

  async #tree() {
    return (await this.#bidi.call('browsingContext.getTree', {})) as {
      contexts: readonly { context: string; url: string }[];
    };
  }

  async #seen(): Promise<Visit> {
    const [url, status, text] = (await this.run(PAGE_STATE)) as [string, number, string];
    return { url, status: status === 0 ? undefined : status, text };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bidi.close();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await exited;
    }
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

/** Waits until Firefox says where its BiDi socket is. */
async function addressOf(child: ChildProcess): Promise<string> {
  let said = '';
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`Firefox did not start: ${said}`)), START_MS);
    child.once('exit', () => reject(new Error(`Firefox ended: ${said}`)));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const [, address] = /WebDriver BiDi listening on (ws:\S+)/.exec(said) ?? [];
      if (address === undefined) return;
      clearTimeout(timer);
      resolve(address);
    });
  });
}

/** A value as BiDi writes it, of the types that the tests' expressions have. */
interface RemoteValue {
  readonly type: string;
  readonly value?: unknown;
}

function plainValue({ type, value }: RemoteValue): unknown {
  return type === 'array' ? (value as readonly RemoteValue[]).map(plainValue) : value;
}

/** Commands to Firefox, and their results. */
class BiDi {
  onEvent: (method: string, parameters: unknown) => void = () => {};
  readonly #socket: WebSocketConnection;
  readonly #waiting: Map<number, (answer: BiDiAnswer) => void>;
  #count = 0;

  private constructor(socket: WebSocketConnection, waiting: Map<number, (answer: BiDiAnswer) => void>) {
    this.#socket = socket;
    this.#waiting = waiting;
    socket.onClose(() => {
      for (const done of waiting.values()) done({ type: 'error', message: 'Firefox closed its socket' });
    });
  }

  static async connect(address: string): Promise<BiDi> {
    const waiting = new Map<number, (answer: BiDiAnswer) => void>();
    let bidi: BiDi | undefined;
    const socket = await connectWebSocket(`${address}/session`, (text) => {
      const answer = JSON.parse(text) as BiDiAnswer;
      if (typeof answer.id === 'number') waiting.get(answer.id)?.(answer);
      else if (answer.method !== undefined) bidi?.onEvent(answer.method, answer.params);
    });
    bidi = new BiDi(socket, waiting);
    return bidi;
  }

  /** @param timeoutMs after which it rejects. */
  async call(
    method: string,
    parameters: Readonly<Record<string, unknown>>,
    timeoutMs = START_MS,
  ): Promise<unknown> {
    const id = ++this.#count;
    let timer: NodeJS.Timeout | undefined;
    const answer = await new Promise<BiDiAnswer>((resolve) => {
      timer = setTimeout(
        () => resolve({ type: 'error', message: `${method}: nothing in ${timeoutMs} ms` }),
        timeoutMs,
      );
      this.#waiting.set(id, resolve);
      this.#socket.send(JSON.stringify({ id, method, params: parameters }));
    });
    clearTimeout(timer);
    this.#waiting.delete(id);
    if (answer.type === 'error') throw new Error(`${answer.error ?? method}: ${answer.message}`);
    return answer.result;
  }

  close(): void {
    this.#socket.close();
  }
}

interface BiDiAnswer {
  readonly id?: number | null;
  readonly type: string;
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
  /** Of an event, which answers nothing. */
  readonly method?: string;
  readonly params?: unknown;
}
