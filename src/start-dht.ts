import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from './config/settings.ts';
import { WireError } from './dns/wire-error.ts';
import type { DhtNode, NodeAddress } from './mainline/dht-node.ts';
import { MainlineError } from './mainline/mainline-error.ts';
import { startMainlineThread } from './mainline/mainline-thread.ts';
import type { Log } from './observe/log.ts';
import { resolveHost } from './resolve/host-addresses.ts';
import type { Resolver } from './resolve/query.ts';
import { ResolveError } from './resolve/resolve-error.ts';

/** Milliseconds between tries to start while there is no network; doubled up to the maximum. */
const FIRST_PAUSE = 500;
const MAX_PAUSE = 60_000;

/** A DHT node that is being started, and the means to end it at any moment. */
export interface StartingDht {
  /** Stays pending while there is no network. Rejects only when it is closed first. */
  readonly node: Promise<DhtNode>;
  close(): Promise<void>;
}

/**
 * Starts the DHT node beside everything else: DNS does not wait for it. Bootstrap hosts given by name are resolved
 * with `resolver`, never with the system's.
 */
export function startDht(
  settings: Pick<Settings, 'bootstrap' | 'dhtListen'>,
  resolver: Resolver,
  log: Log,
): StartingDht {
  const closing = new AbortController();
  const node = start(settings, resolver, log, closing.signal);
  // Whoever waits for it hears of a rejection; that nobody does is no fault.
  node.catch(() => {});
  return {
    node,
    async close() {
      closing.abort(new MainlineError('closed', 'The program is stopping.'));
      const started = await node.catch(() => undefined);
      await started?.close();
    },
  };
}

async function start(
  { bootstrap, dhtListen }: Pick<Settings, 'bootstrap' | 'dhtListen'>,
  resolver: Resolver,
  log: Log,
  signal: AbortSignal,
): Promise<DhtNode> {
  for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, MAX_PAUSE)) {
    signal.throwIfAborted();
    const addresses = await resolveAll(bootstrap, resolver, log, signal);
    if (addresses.length > 0) {
      try {
        return await startMainlineThread({ bootstrap: addresses, ...dhtListen });
      } catch (error) {
        if (!(error instanceof MainlineError)) throw error;
        log.error('The DHT node cannot start.', { reason: error.message, againInSeconds: pause / 1000 });
      }
    } else {
      log.warn('No bootstrap node of the DHT has an address yet.', { againInSeconds: pause / 1000 });
    }
    await sleep(pause, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function resolveAll(
  bootstrap: readonly NodeAddress[],
  resolver: Resolver,
  log: Log,
  signal: AbortSignal,
): Promise<readonly NodeAddress[]> {
  const found = await Promise.all(
    bootstrap.map(async ({ host, port }) => {
      try {
        return (await resolveHost(resolver, host, signal)).map((address) => ({ host: address, port }));
      } catch (error) {
        if (!(error instanceof ResolveError || error instanceof WireError)) throw error;
        log.debug('A bootstrap host could not be resolved.', { host, reason: error.message });
        return [];
      }
    }),
  );
  return found.flat();
}
