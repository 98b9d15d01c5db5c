import { calm } from './calm.ts';
import { dnsperf, type Load, type Run } from './dnsperf.ts';
import type { Server } from './process.ts';
import { sized } from './quick.ts';
import { names, type Scene } from './scene.ts';

/** Number of names in benchmarks of cached answers. */
export const CACHED_NAMES = sized(10_000, 500);

/** Passes that fill the caches, rounds in which every server has a turn, and the length of a turn. */
export interface CachedRounds {
  readonly passes: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly load: Omit<Load, 'file' | 'limit'>;
}

/** Fills the caches, then measures in interleaved rounds. Returns the runs of each server, by its name, in order. */
export async function cachedRounds(
  { servers, queries }: Pick<Scene, 'servers' | 'queries'>,
  { passes, rounds, seconds, load }: CachedRounds,
): Promise<ReadonlyMap<string, readonly Run[]>> {
  const file = queries('cached.txt', names(CACHED_NAMES));
  for (const server of servers) {
    await dnsperf(server, { file, limit: { times: passes }, clients: 10, outstanding: 50 });
  }
  const runs = new Map<string, Run[]>(servers.map(({ name }: Server) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) {
      const run = await calm(() => dnsperf(server, { file, limit: { seconds }, ...load }));
      runs.get(server.name)?.push(run);
    }
  }
  return runs;
}
