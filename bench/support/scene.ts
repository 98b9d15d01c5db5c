import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { debianPeers } from './debian-peers.ts';
import { type Peer, pkarrd, pkarrdBun, startLateUpstream, startUpstream } from './peers.ts';
import type { Server } from './process.ts';

/** The first of 64 ports, one for each server and for what it listens on besides; a concurrent run has others. */
export const FIRST_PORT = 10_000 + (process.pid % 350) * 64;

/** Where the upstream is asked that is late. */
const LATE_PORT = FIRST_PORT + 19;

/** The common upstream, the servers that are measured, and a folder for their files. */
export interface Scene {
  readonly folder: string;
  readonly upstream: Server;
  readonly servers: readonly Server[];
  /** Writes a file of queries for the generator. */
  queries(name: string, lines: Iterable<string>): string;
}

/**
 * Starts the upstream, pkarrd and the installed ones of `peers`, runs `measure`, and ends them. Reports missing peers. With `delay`,
 * in milliseconds, they ask the upstream through something that is late by so much.
 */
export async function withScene(
  measure: (scene: Scene) => Promise<void>,
  ours: readonly Peer[] = [pkarrd(), pkarrdBun()],
  peers: readonly Peer[] = debianPeers,
  delay = 0,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'pkarrd-bench-'));
  const started: Server[] = [];
  try {
    const upstream = await startUpstream(join(folder, 'knot'), FIRST_PORT);
    started.push(upstream);
    if (delay > 0) started.push(await startLateUpstream(LATE_PORT, FIRST_PORT, delay));
    const servers: Server[] = [];
    for (const [index, peer] of [...ours, ...peers].entries()) {
      if (peer.version() === undefined) {
        console.error(`${peer.name} is not there and left out: ${peer.install}`);
        continue;
      }
      const peerFolder = join(folder, peer.name.replace(/\W/g, '-'));
      mkdirSync(peerFolder);
      const port = FIRST_PORT + 1 + index;
      const server = await peer.start({
        folder: peerFolder,
        port,
        upstreamPort: delay > 0 ? LATE_PORT : FIRST_PORT,
        probe: 'probe.bench.example',
      });
      started.push(server);
      servers.push(server);
    }
    await measure({
      folder,
      upstream,
      servers,
      queries(name, lines) {
        const file = join(folder, name);
        writeFileSync(file, `${[...lines].join('\n')}\n`);
        return file;
      },
    });
  } finally {
    for (const server of started) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Lines for the generator: `count` names, beginning with number `first`. */
export function* names(count: number, first = 0): Generator<string> {
  for (let i = first; i < first + count; i++) yield `n${i}.bench.example A`;
}
