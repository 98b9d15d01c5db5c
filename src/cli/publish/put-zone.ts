import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { orAborted } from '../../async/or-aborted.ts';
import type { Settings } from '../../config/settings.ts';
import { SourceError } from '../../find/packet-source.ts';
import { networkOf } from '../../mainline/addresses.ts';
import { MainlineError } from '../../mainline/errors.ts';
import { silentLog } from '../../observe/log.ts';
import type { KeyPair } from '../../pkarr/key-pair.ts';
import { noExternalAddresses, type Placeholders } from '../../pkarr/zone/file/placeholders.ts';
import { externalAddresses } from '../../publish/external-addresses.ts';
import { PublicationMemory } from '../../publish/publication-memory.ts';
import { type Published, publishZone } from '../../publish/publish.ts';
import { PublishError } from '../../publish/publish-error.ts';
import type { LoadedZone } from '../../publish/zone-file.ts';
import { machineInterfaces } from '../../system/interfaces.ts';
import type { Invocation, Terminal } from '../command.ts';
import { working } from '../living-line.ts';
import type { NetworkAccess } from '../network.ts';
import { conflictError } from './conflict.ts';
import { PublishSeen, publishText } from './publish-line.ts';
import { loadSource, tellAbout, type ZoneSource } from './zone-source.ts';

/** The file in the state directory where this command records what it published. The running program has its own. */
const MEMORY_FILE = 'published';
/** How long to wait for nodes to tell our address, and the polling interval, in milliseconds. */
const ADDRESS_PATIENCE = 8_000;
const ADDRESS_EVERY = 100;

/** What is needed to put a zone into the network, beside the network. */
export interface PutRequest {
  readonly source: ZoneSource;
  /** The source with no placeholder filled. */
  readonly unfilled: LoadedZone;
  readonly settings: Settings;
  readonly memory: PublicationMemory;
  readonly invocation: Invocation;
  readonly terminal: Terminal;
}

/** A zone that is in the network. */
export interface PutZone {
  readonly published: Published;
  readonly zone: LoadedZone;
  /** Milliseconds from the first question to the last answer. */
  readonly tookMs: number;
}

/** Publishes the zone of a source, and tells on a terminal what goes on. @throws PublishError, ZoneProblem, CommandError for a conflict */
export async function putZone(
  network: NetworkAccess,
  { source, unfilled, settings, memory, invocation, terminal }: PutRequest,
): Promise<PutZone> {
  const { keyPair } = source;
  const { line } = terminal;
  let zone = unfilled;
  try {
    line.show(working('Connecting to the network'));
    const wanted = unfilled.placeholders;
    if (wanted.length > 0) zone = loadSource(source, await addressesFor(wanted, keyPair, settings, network));
    // A timer has nothing to tell while the same is published again; and somebody who was asked has seen it.
    const isTold = invocation.has('once') || (zone.isExposed && !invocation.has('yes'));
    if (!isTold) tellAbout(zone, terminal);
    const seen = new PublishSeen();
    line.show(publishText(seen));
    const startedAt = performance.now();
    const published = await publishZone({
      keyPair,
      zone,
      network: network.publish,
      memory,
      mode: invocation.has('force') ? 'force' : invocation.has('once') ? 'keep' : 'new',
      now: microseconds(terminal),
      observe: seen,
      signal: network.signal,
    });
    const tookMs = performance.now() - startedAt;
    const isNew = published.packet.timestamp !== published.previous?.timestamp;
    if (invocation.has('once') && isNew && !published.isAdopted) tellAbout(zone, terminal);
    return { published, zone, tookMs };
  } catch (error) {
    if (error instanceof PublishError) throw conflictError(error, zone, source, invocation);
    throw error;
  } finally {
    line.clear();
  }
}

/** The time of the clock, as timestamps have it. */
export function microseconds(terminal: Terminal): bigint {
  return BigInt(Math.floor(terminal.now())) * 1000n;
}

/** What this user published from this machine. Without it, only the date of the zone file counts. */
export async function openMemory({ stateDir }: Settings): Promise<PublicationMemory> {
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o700 });
  } catch {
    // This user may not be allowed to create it; then nothing is remembered, which is not an error.
  }
  return await PublicationMemory.open(join(stateDir, MEMORY_FILE), silentLog);
}

/** Our public addresses; waits while one of the wanted is missing and may still arrive. */
async function addressesFor(
  wanted: readonly string[],
  { publicKey }: KeyPair,
  settings: Settings,
  { node, source, signal }: NetworkAccess,
): Promise<Placeholders> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(ADDRESS_PATIENCE)]);
  const kind = networkOf(settings.bootstrap);
  let found = externalAddresses(kind, undefined, machineInterfaces(), noExternalAddresses);
  const isMissing = () => wanted.some((name) => found.get(name) === undefined);
  if (node === undefined || !isMissing()) return found;
  try {
    // Nodes tell it in every response (BEP 42), so some must be queried.
    for await (const _ of source.lookup(publicKey, { signal: late })) if (late.aborted) break;
    for (;;) {
      const started = await orAborted(node, late);
      found = externalAddresses(kind, await started.status(), machineInterfaces(), found);
      if (!isMissing()) return found;
      await sleep(ADDRESS_EVERY, undefined, { signal: late });
    }
  } catch (error) {
    signal.throwIfAborted();
    // A record without an address is left out with a warning; a network failure is reported by the next step.
    if (late.aborted || error instanceof SourceError || error instanceof MainlineError) return found;
    throw error;
  }
}
