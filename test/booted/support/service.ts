import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { root } from '../../support/installed-package.ts';
import type { Counts } from './load-child.ts';
import type { Machine } from './machine.ts';

/** Milliseconds for building a package; the one file is compressed for half a minute on a busy machine. */
const BUILD_MS = 300_000;

/** Builds the Debian package for an architecture, and gives its path. It is removed after the tests of this file. */
export async function debianPackage(architecture: 'all' | 'amd64'): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'pkarrd-deb-'));
  after(() => rmSync(folder, { recursive: true }));
  const words = [join(root, 'dist/tools/build-deb.js'), `--output=${folder}`, architecture];
  await promisify(execFile)(process.execPath, words, { timeout: BUILD_MS });
  return join(folder, readdirSync(folder)[0] ?? '');
}

/** Where {@link installPackage} leaves the package, so that it can be installed again. */
export const PACKAGE = '/opt/pkarrd.deb';

/** Installs a Debian package in a machine, with what its scripts print. */
export async function installPackage(machine: Machine, file: string): Promise<string> {
  await machine.put(file, PACKAGE);
  return await machine.sh(`dpkg --install ${PACKAGE} 2>&1`);
}

/** Everything that a machine has on its disk, but for logs of what was done and what is gone after a boot. */
export async function everyPath(machine: Machine): Promise<readonly string[]> {
  const left = ['/proc', '/sys', '/dev', '/run', '/tmp', '/var/tmp', '/var/log', '/opt'].map(
    (path) => `-path ${path}`,
  );
  return (await machine.sh(`find / \\( ${left.join(' -o ')} \\) -prune -o -print | sort`))
    .trimEnd()
    .split('\n');
}

/** Queries without retries at a steady rate from inside the machine. */
export interface Load {
  readonly kind: 'udp' | 'tcp' | 'tls';
  /** Queries a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly name?: string;
}

const loadProgram = fileURLToPath(new URL('load-child.js', import.meta.url));
const LOAD = '/opt/load/load.mjs';

/** Asks for as long as the load says, and gives what became of the queries. */
export async function load(
  machine: Machine,
  { kind, rate, seconds, name = 'localhost' }: Load,
): Promise<Counts> {
  if ((await machine.run(['test', '-e', LOAD])).code !== 0) await machine.put(loadProgram, LOAD);
  const node = (await machine.run(['test', '-x', '/opt/node'])).code === 0 ? '/opt/node' : 'node';
  const words = [node, LOAD, kind, String(rate), String(seconds), name];
  const { code, out, err } = await machine.run(words, { timeoutMs: seconds * 1000 + 60_000 });
  if (code !== 0) throw new Error(`The load ended with ${code}: ${err}`);
  return JSON.parse(out) as Counts;
}

/** The value of a property of the service, such as `NRestarts` or `StatusText`. */
export async function property(machine: Machine, name: string): Promise<string> {
  return (await machine.sh(`systemctl show --value --property=${name} pkarrd.service`)).trimEnd();
}

/** Does something a second after a load of UDP and TCP began, which goes on for so long at least, and until it is done. */
export async function underLoad(
  machine: Machine,
  seconds: number,
  work: () => Promise<void>,
): Promise<[Counts, Counts]> {
  let isOver = false;
  const over = () => {
    isOver = true;
  };
  const working = sleep(1_000).then(work);
  working.then(over, over);
  const udp: Counts[] = [];
  const tcp: Counts[] = [];
  while (udp.length === 0 || !isOver) {
    const loads = [
      load(machine, { kind: 'udp', rate: 500, seconds }),
      load(machine, { kind: 'tcp', rate: 200, seconds }),
    ] as const;
    const [ofUdp, ofTcp] = await Promise.all(loads);
    udp.push(ofUdp);
    tcp.push(ofTcp);
  }
  await working;
  return [sum(udp), sum(tcp)];
}

function sum(all: readonly Counts[]): Counts {
  const total = { sent: 0, answered: 0, refused: 0, lost: 0, wrong: 0, slowest: 0 };
  for (const { sent, answered, refused, lost, wrong, slowest } of all) {
    total.sent += sent;
    total.answered += answered;
    total.refused += refused;
    total.lost += lost;
    total.wrong += wrong;
    total.slowest = Math.max(total.slowest, slowest);
  }
  return total;
}

/** Requires that each query was answered. */
export function answersAll(counts: readonly Counts[]): void {
  for (const { sent, answered, refused, lost, wrong } of counts)
    assert.deepEqual({ refused, lost, wrong, answered }, { refused: 0, lost: 0, wrong: 0, answered: sent });
}

/** The overall exposure level that systemd-analyze(1) gives, from 0 to 10, of a unit that runs or of a file. */
export async function exposure(machine: Machine, words: string): Promise<number> {
  const text = await machine.sh(`systemd-analyze --no-pager security ${words}`);
  const [, level] = /Overall exposure level for pkarrd\.service: (\d+\.\d+)/.exec(text) ?? [];
  return Number(level ?? Number.NaN);
}
