import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** A screen that nobody sees, with a window manager, and a keyboard. */
export class Screen implements AsyncDisposable {
  /** For DISPLAY. */
  readonly display: string;
  readonly #children: readonly ChildProcess[];

  private constructor(display: string, children: readonly ChildProcess[]) {
    this.display = display;
    this.#children = children;
  }

  static async start(): Promise<Screen> {
    // It takes a number that is free, and writes it there.
    const server = spawn('Xvfb', ['-displayfd', '3', '-nolisten', 'tcp', '-screen', '0', '1280x800x24'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const numbers = server.stdio[3];
    if (numbers === null || numbers === undefined) throw new Error('no pipe');
    const ended = once(server, 'exit').then(() => {
      throw new Error('Xvfb ended');
    });
    ended.catch(() => {});
    const [number] = (await Promise.race([once(numbers, 'data'), ended])) as [Buffer];
    const display = `:${String(number).trim()}`;
    // Without a window manager no window has the focus, and no key arrives.
    const manager = spawn('openbox', [], { stdio: 'ignore', env: { ...process.env, DISPLAY: display } });
    return new Screen(display, [manager, server]);
  }

  /** Types into the address bar of the browser that has the focus, and Enter. */
  async typeAddress(text: string): Promise<void> {
    this.#xdotool('key', '--clearmodifiers', 'ctrl+l');
    await sleep(300);
    this.#xdotool('type', '--delay', '8', text);
    // What a browser completes arrives late, and would be opened in place of what was typed.
    await sleep(500);
    this.#xdotool('key', 'Delete');
    this.#xdotool('key', 'Return');
  }

  #xdotool(...words: readonly string[]): void {
    const env = { ...process.env, DISPLAY: this.display };
    const { status, stderr } = spawnSync('xdotool', words, { env, encoding: 'utf8', timeout: 20_000 });
    if (status !== 0) throw new Error(`xdotool ${words[0]}: ${stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}
