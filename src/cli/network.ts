import type { Settings } from '../config/settings.ts';
import { dhtSource } from '../find/dht-source.ts';
import type { PacketSource } from '../find/packet-source.ts';
import { createForwarder } from '../forward/forwarder.ts';
import { readUpstreamSet } from '../forward/upstream-set.ts';
import { createLog } from '../observe/log.ts';
import { dhtSink, type PacketSink } from '../publish/packet-sink.ts';
import { forwardResolver } from '../resolve/forward-resolver.ts';
import { startDht } from '../start-dht.ts';
import { CommandError, type Terminal } from './command.ts';

/** Milliseconds after which a command that waits for the network gives up: as long as people do. */
const PATIENCE = 30_000;

/** The network, for a command that asks it something and ends. */
export interface NetworkAccess {
  readonly source: PacketSource;
  readonly sink: PacketSink;
  /** Aborts with a CommandError when it takes too long. */
  readonly signal: AbortSignal;
}

/** Joins the network, does `work`, and leaves. @throws CommandError when the DHT is off. */
export async function withNetwork<T>(
  settings: Settings,
  terminal: Terminal,
  work: (network: NetworkAccess) => Promise<T>,
): Promise<T> {
  if (!settings.dht)
    throw new CommandError('The DHT is switched off (dht = off), and there is nothing else to ask.');
  const log = createLog({ level: settings.logLevel, write: terminal.err, now: terminal.now, journal: false });
  const upstreams = settings.upstream === 'system' ? [] : settings.upstream;
  const forwarder = createForwarder(readUpstreamSet(upstreams));
  const dht = startDht(settings, forwardResolver(forwarder), log);
  const patience = new AbortController();
  const timer = setTimeout(() => {
    patience.abort(new CommandError(`The network did not answer within ${PATIENCE / 1000} s.`));
  }, PATIENCE);
  try {
    return await work({
      source: dhtSource(dht.node),
      sink: dhtSink(dht.node),
      signal: patience.signal,
    });
  } finally {
    clearTimeout(timer);
    await dht.close();
    forwarder.close();
  }
}
