/**
 * Machines that are booted for tests: Debian 12 or 13 with its own systemd, in namespaces of this host.
 *
 *     import { bootMachine } from './machine.ts';
 *     import { managers, trixie, withPackages } from './recipes.ts';
 *
 *     test('resolved is asked', async () => {
 *       await using machine = await bootMachine(withPackages(trixie, ...managers.resolved));
 *       await putProgram(machine);                                   // /usr/bin/pkarrd, from dist/program
 *       await machine.write('/etc/pkarrd/pkarrd.toml', '…');
 *       assert.equal(await machine.sh('systemctl is-active systemd-resolved'), 'active\n');   // throws unless it exits with 0
 *       const { code, out, err } = await machine.run(['pkarrd', 'status']);                  // any exit code
 *     });
 *
 * A test file is `test/booted/…/NAME.test.ts` and runs with `npm run test:booted -- WORD…`, never with `npm test`. A boot takes
 * about a second, and the first one of a list of packages half a minute more, for its root is made then (`roots.ts`). Each machine has a copy
 * of its own that vanishes with it. Two machines run on this host at once; a third waits. Boot one machine for several
 * tests where they do not disturb each other, and never a second one while the first is needed no more.
 *
 * It has no network but loopback. `lan.ts` makes a link with a router at its other end, inside the machine.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Bounds, bounded, type Outcome } from './bounded.ts';
import { KEEPER } from './keeper.ts';
import type { Recipe } from './recipes.ts';
import { cache, rootOf } from './roots.ts';
import { cgroupTree, whyNotBooted } from './whether.ts';

/** Milliseconds for a place on this host to become free, and for a boot. */
const PLACE_MS = 500_000;
const BOOT_MS = 60_000;
/** Characters of what the boot printed that an error shows. */
const MOST_SAID = 20_000;

/** What a program inside finds in its environment; nothing of ours. */
const environment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  TERM: 'dumb',
  SYSTEMD_PAGER: '',
  SYSTEMD_COLORS: '0',
};

/** Boots a machine of this recipe and waits until systemd has started all that it starts. */
export async function bootMachine(recipe: Recipe): Promise<Machine> {
  const why = whyNotBooted();
  if (why !== undefined) throw new Error(`No machine can be booted: ${why}.`);
  const root = await rootOf(recipe);
  await mkdir(`${cache}/machine`, { recursive: true });
  const machine = new Machine(root);
  try {
    await machine.booted();
    if (recipe.node === '/opt/node') await machine.sh('rm /usr/bin/node');
    return machine;
  } catch (error) {
    await machine[Symbol.asyncDispose]();
    throw error;
  }
}

/** A booted machine. Ends when it is disposed of, or with this process. */
export class Machine implements AsyncDisposable {
  readonly #keeper: ChildProcess;
  readonly #ended: Promise<unknown>;
  #said = '';
  #supervisor: number | undefined;
  #hasEnded = false;
  #leader = 0;
  #isPlaced = false;

  /** Use {@link bootMachine}. */
  constructor(root: string) {
    const name = `pkarrd-booted-${randomBytes(4).toString('hex')}`;
    const words = [
      '--mount',
      '--propagation',
      'private',
      'bash',
      '-c',
      KEEPER,
      'keeper',
      cache,
      root,
      name,
      cgroupTree,
    ];
    // A session of its own: it must outlive us by the moment that it takes to end the machine.
    this.#keeper = spawn('unshare', words, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#ended = once(this.#keeper, 'exit').then(() => {
      this.#hasEnded = true;
    });
    this.#keeper.stderr?.setEncoding('utf8').on('data', (text: string) => this.#say(text));
    createInterface({ input: this.#keeper.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      const [word, number] = line.split(' ');
      if (word === 'waiting')
        console.error('# two machines run on this host already: waiting for one to end');
      else if (word === 'supervisor') {
        this.#isPlaced = true;
        this.#supervisor = Number(number);
      } else this.#say(`${line}\n`);
    });
  }

  #say(text: string): void {
    this.#said = (this.#said + text).slice(-MOST_SAID);
  }

  /** The process on this host that is process 1 of the machine. Its namespaces are those of the machine. */
  get leader(): number {
    return this.#leader;
  }

  /** Waits until systemd says that it runs, with or without failed units. */
  async booted(): Promise<void> {
    const startedAt = performance.now();
    let state = '';
    for (;;) {
      const waited = performance.now() - startedAt;
      if (this.#hasEnded) throw new Error(`The machine has ended: ${this.#said}`);
      if (!this.#isPlaced && waited > PLACE_MS) throw new Error('No place for a machine became free.');
      const leader = await this.#findLeader();
      if (leader !== undefined) {
        this.#leader = leader;
        const { out } = await this.run(['systemctl', 'is-system-running'], { timeoutMs: 5_000 });
        state = out.trim();
        if (state === 'running' || state === 'degraded') return;
      }
      if (this.#isPlaced && waited > PLACE_MS + BOOT_MS) break;
      await sleep(50);
    }
    throw new Error(`The machine did not boot: systemd says ${state}. It printed: ${this.#said}`);
  }

  async #findLeader(): Promise<number | undefined> {
    const supervisor = this.#supervisor;
    if (supervisor === undefined) return undefined;
    try {
      const children = await readFile(`/proc/${supervisor}/task/${supervisor}/children`, 'latin1');
      for (const child of children.split(' ').filter((word) => word !== '')) {
        // The ID in the host's namespace and in its own. nspawn has a helper too, which is in none.
        const status = await readFile(`/proc/${child}/status`, 'latin1');
        if (/^NSpid:\s+\d+\s+1$/m.test(status)) return Number(child);
      }
    } catch (error) {
      // A process that ended meanwhile.
      if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
    return undefined;
  }

  /** The words that run a command inside: in all namespaces of the machine, as root. */
  words(command: readonly string[]): [string, ...string[]] {
    const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup'];
    return ['nsenter', '--target', String(this.#leader), ...namespaces, '--', ...command];
  }

  /** Runs a program inside to its end; a minute unless bounds say otherwise. */
  async run(command: readonly string[], bounds: Bounds = {}): Promise<Outcome> {
    return await bounded(this.words(command), { ...bounds, env: { ...environment, ...bounds.env } });
  }

  /** Runs a script of sh inside, which ends at its first failure, and returns what it wrote. Throws unless it exits with 0. */
  async sh(script: string, bounds: Bounds = {}): Promise<string> {
    const { code, out, err } = await this.run(['sh', '-euc', script], bounds);
    if (code !== 0) throw new Error(`${script}\nended with ${code}: ${out}${err}`);
    return out;
  }

  /** Starts a program inside that goes on. It is ended with the machine at the latest. */
  start(command: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    const [file, ...rest] = this.words(command);
    return spawn(file, rest, { env: { ...environment, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  }

  /** Writes a file inside, with the folders that it needs. */
  async write(path: string, content: string | Uint8Array, mode = '0644'): Promise<void> {
    const script = 'mkdir -p -- "$(dirname -- "$1")" && cat > "$1" && chmod "$2" -- "$1"';
    const { code, err } = await this.run(['sh', '-c', script, 'sh', path, mode], { input: content });
    if (code !== 0) throw new Error(`${path} cannot be written: ${err}`);
  }

  /** A file inside, as text. */
  async read(path: string): Promise<string> {
    const { code, out, err } = await this.run(['cat', '--', path]);
    if (code !== 0) throw new Error(`${path} cannot be read: ${err}`);
    return out;
  }

  /** Copies a file or folder of this host to a path inside, whose folder is made. Everything then belongs to root. */
  async put(from: string, to: string): Promise<void> {
    // Never through /proc/PID/root: an absolute link inside would lead out into the host.
    const script = `
      set -euo pipefail; from=$1 to=$2; shift 2
      tar --create --file=- --directory="$(dirname -- "$from")" --owner=0 --group=0 --transform="s,^[^/]*,$(basename -- "$to")," \
        -- "$(basename -- "$from")" |
      "$@" sh -euc 'mkdir -p -- "$1" && tar --extract --file=- --directory="$1" --no-same-permissions' sh "$(dirname -- "$to")"`;
    const { code, err } = await bounded(['bash', '-c', script, 'bash', from, to, ...this.words([])], {
      timeoutMs: 120_000,
    });
    if (code !== 0) throw new Error(`${from} cannot be copied to ${to}: ${err}`);
  }

  /** The journal of a unit since the boot, in the form of `journalctl -o FORMAT`; of everything when no unit is named. */
  async journal(unit?: string, format = 'short-monotonic'): Promise<string> {
    await this.run(['journalctl', '--sync']);
    const words = ['journalctl', '--boot', '--no-pager', `--output=${format}`];
    return (await this.run([...words, ...(unit === undefined ? [] : [`--unit=${unit}`])])).out;
  }

  /** Restarts it, and waits until it has booted again. Its files stay. */
  async reboot(): Promise<void> {
    const before = this.#supervisor;
    // It may be killed with the machine or not see its own end: what tells is the next boot. With several machines on the host it
    // can take seconds until systemd hears of it.
    let asked = 'systemctl has not ended';
    void this.run(['systemctl', 'reboot', '--no-block'], { timeoutMs: BOOT_MS / 2 }).then(({ code, err }) => {
      asked = `systemctl ended with ${code} ${err}`;
    });
    for (const startedAt = performance.now(); this.#supervisor === before; await sleep(50)) {
      if (this.#hasEnded || performance.now() - startedAt > BOOT_MS) {
        const { out } = await this.run(['systemctl', 'list-jobs', '--no-pager'], { timeoutMs: 10_000 });
        throw new Error(`The machine did not restart: ${asked}; jobs: ${out}; ${this.#said}`);
      }
    }
    await this.booted();
  }

  /** Ends it at once, without stopping its services: what waits for them are tests of their own. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#keeper.stdin?.end();
    await this.#ended;
  }
}
