import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FromInternet, Site, SiteRequest, ToInternet } from './internet-messages.ts';

/** The machine's address on the Internet. */
export const machineAddress = '151.101.0.2';
/** The address of its router, where nobody answers DNS. */
export const routerAddress = '151.101.0.1';

/**
 * A stand-in for the Internet: a network behind this machine's default route, in which sites have addresses that count as global
 * and are none of this machine's own.
 */
export class Internet implements AsyncDisposable {
  /** What its sites were asked for, in order. */
  readonly requests: SiteRequest[] = [];
  readonly #child: ChildProcess;
  readonly #waiting: ((error: string | undefined) => void)[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: FromInternet) => {
      if (message.kind === 'request') this.requests.push(message.request);
      else this.#waiting.shift()?.(message.error);
    });
    child.on('exit', () => {
      for (const done of this.#waiting.splice(0)) done('the Internet ended');
    });
  }

  /** Starts it, and connects this machine to it. */
  static async start(): Promise<Internet> {
    const file = fileURLToPath(new URL('internet-child.js', import.meta.url));
    const child = spawn('unshare', ['--net', process.execPath, file], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const internet = new Internet(child);
    // It has its network only when it runs: then it answers.
    const ready = new Promise<void>((resolve) => child.once('message', () => resolve()));
    internet.#waiting.push(() => {});
    await ready;
    ip('link', 'add', 'wan', 'type', 'veth', 'peer', 'name', 'wan', 'netns', String(child.pid));
    await internet.#tell({ kind: 'network', address: routerAddress });
    ip('address', 'add', `${machineAddress}/24`, 'dev', 'wan');
    ip('link', 'set', 'wan', 'up');
    ip('route', 'add', 'default', 'via', routerAddress);
    return internet;
  }

  /** Serves a site. */
  async open(site: Site): Promise<void> {
    await this.#tell({ kind: 'open', site });
  }

  async #tell(message: ToInternet): Promise<void> {
    const answered = new Promise<string | undefined>((resolve) => this.#waiting.push(resolve));
    this.#child.send(message);
    const error = await answered;
    if (error !== undefined) throw new Error(error);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.disconnect();
    await exited;
  }
}

function ip(...words: readonly string[]): void {
  const { status, stderr } = spawnSync('ip', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${words.join(' ')}: ${stderr}`);
}
