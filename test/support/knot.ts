import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const knotd = '/usr/sbin/knotd';
/** Milliseconds for it to start, and to end. */
const START_MS = 20_000;
const END_MS = 10_000;

/** A zone that a Knot server has: its name, the lines of its file, and whether Knot signs it. */
export interface KnotZone {
  readonly name: string;
  readonly lines: readonly string[];
  readonly isSigned?: boolean;
}

/** An authoritative server: Knot DNS. */
export interface Knot {
  /** Ends it and removes its files. */
  close(): Promise<void>;
}

/** Why Knot cannot serve port 53 of this address; undefined if it can. */
export async function whyNoKnot(address: string): Promise<string | undefined> {
  if (!existsSync(knotd)) return `${knotd} is not there (Debian: apt-get install knot)`;
  const socket = createSocket('udp4');
  socket.bind(53, address);
  try {
    await once(socket, 'listening');
  } catch (error) {
    return `port 53 of ${address} cannot be had (${error instanceof Error ? error.message : error})`;
  }
  socket.close();
  await once(socket, 'close');
  return undefined;
}

/** Starts `knotd` on port 53 of `address`, and returns when it answers. */
export async function startKnot(address: string, zones: readonly KnotZone[]): Promise<Knot> {
  const directory = mkdtempSync(join(tmpdir(), 'pkarrd-knot-'));
  const files = zones.map(({ lines }, index) => {
    const file = join(directory, `${index}.zone`);
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  });
  const configuration = `
server:
    listen: ${address}@53
    rundir: ${directory}
log:
  - target: stdout
    any: info
database:
    storage: ${directory}
zone:
${zones
  .map(({ name, isSigned = false }, index) =>
    [
      `  - domain: ${name}`,
      `    file: ${files[index]}`,
      '    zonefile-sync: -1',
      `    dnssec-signing: ${isSigned ? 'on' : 'off'}`,
    ].join('\n'),
  )
  .join('\n')}
`;
  const file = join(directory, 'knot.conf');
  writeFileSync(file, configuration);
  const child = spawn(knotd, ['-c', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  const log: string[] = [];
  const tooLong = setTimeout(() => child.kill('SIGKILL'), START_MS);
  try {
    for await (const line of createInterface(child.stdout)) {
      log.push(line);
      if (/server started/.test(line)) break;
    }
    clearTimeout(tooLong);
    if (!log.some((line) => /server started/.test(line))) throw new Error(`knotd ended: ${log.join('\n')}`);
  } catch (error) {
    child.kill('SIGKILL');
    clearTimeout(tooLong);
    throw error;
  }
  child.stdout.resume();
  child.stderr.resume();
  return {
    async close() {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
      await ended;
      clearTimeout(timer);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
