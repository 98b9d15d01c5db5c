import { isIPv4 } from 'node:net';
import { chooseUpstreams } from '../choose-upstreams.ts';
import type { Settings } from '../config/settings.ts';
import { dhtSource } from '../find/dht-source.ts';
import type { PacketSource } from '../find/packet-source.ts';
import { createForwarder, type UpstreamSet } from '../forward/forwarder.ts';
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
  // What a service notes in passing is not what somebody who waits for an answer wants to read.
  const level = settings.logLevel === 'info' ? 'warn' : settings.logLevel;
  const log = createLog({ level, write: terminal.err, now: terminal.now, journal: false });
  const needsNames = settings.bootstrap.some(({ host }) => !isIPv4(host));
  const forwarder = createForwarder(needsNames ? await chooseUpstreams(settings, log) : noUpstreams);
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

/** Nodes that are given by address need nobody to resolve their names. */
const noUpstreams: UpstreamSet = { upstreams: [], fallback: [], routes: [] };
