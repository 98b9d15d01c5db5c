import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../config/settings.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import { WireError } from '../../dns/wire-error.ts';
import { SourceError } from '../../find/packet-source.ts';
import { networkOf } from '../../mainline/addresses.ts';
import { MainlineError } from '../../mainline/errors.ts';
import { silentLog } from '../../observe/log.ts';
import type { KeyPair } from '../../pkarr/key-pair.ts';
import { encodePacketMessage, MAX_PUBLISH_BYTES, PacketTooLargeError } from '../../pkarr/packet-message.ts';
import type { SignedPacket } from '../../pkarr/signed-packet.ts';
import { ZoneFileError, type ZoneFileNote } from '../../pkarr/zone/file/error.ts';
import type { Placeholders } from '../../pkarr/zone/file/placeholders.ts';
import { parseZoneFile, type ZoneFile } from '../../pkarr/zone/file/zone-file.ts';
import { externalAddresses, noExternalAddresses } from '../../publish/external-addresses.ts';
import { KeyFileError, readKeyFile } from '../../publish/key-file.ts';
import { PublicationMemory } from '../../publish/publication-memory.ts';
import { type Published, publishRecords } from '../../publish/publish.ts';
import { PublishError } from '../../publish/publish-error.ts';
import { holdersOf, putReportToText } from '../../publish/put-report.ts';
import {
  type Command,
  CommandError,
  configFlag,
  Exit,
  type Invocation,
  jsonFlag,
  type Terminal,
  UsageError,
  writeJson,
} from '../command.ts';
import { loadConfiguration } from '../configuration.ts';
import { type NetworkAccess, withNetwork } from '../network.ts';
import { recordLines } from '../packet-text.ts';
import { Progress } from '../progress.ts';
import { timestampToText } from '../time-text.ts';

/** The file in the state directory where this command records what it published. The running program has its own. */
const MEMORY_FILE = 'published';
/** How long to wait for nodes to tell our address, and the polling interval, in milliseconds. */
const ADDRESS_PATIENCE = 8_000;
const ADDRESS_EVERY = 100;

/** Signs a zone file and publishes it to the network. */
export const publish: Command = {
  name: 'publish',
  description: [
    'Reads a zone file (RFC 1035 section 5, with names relative to the key), signs its records with the key file in ' +
      '--key, and stores the packet on the DHT nodes closest to the key and on the relays. Its timestamp is later than ' +
      'that of the packet in the network, so that it replaces it.',
    'Without --force, it does not replace a packet that was published elsewhere after the zone file was last changed, or ' +
      'one whose timestamp is more than a day in the future.',
    'In record data, {external_ipv4} and {external_ipv6} are replaced by the public addresses of this machine.',
    'DHT nodes drop a packet after a few days at most. Publish it again every few hours: run --once from a timer, or let ' +
      'pkarrd serve do it with a [[publish]] table in the configuration file.',
  ],
  operands: [{ name: 'ZONEFILE' }],
  flags: [
    { name: 'key', value: 'FILE', help: 'Key file, as written by "pkarrd keygen"' },
    { name: 'dry-run', help: 'Show the records and their size in bytes, but do not publish' },
    {
      name: 'force',
      help: 'Publish even if the packet in the network is newer, or its timestamp is far in the future',
    },
    {
      name: 'once',
      help:
        'For timers: print nothing on success, and publish the existing packet again unchanged, unless the zone file is ' +
        'newer and has other records',
    },
    configFlag,
    jsonFlag,
  ],
  settings: ['bootstrap', 'upstream', 'relay', 'relayUse', 'dhtListen', 'stateDir', 'logLevel'],
  async run(invocation, terminal) {
    const [file = ''] = invocation.operands;
    const keyFile = invocation.value('key');
    if (keyFile === undefined) throw new UsageError('publish: --key FILE is missing.');
    try {
      const keyPair = readKeyFile(keyFile);
      const zone = readZone(file, keyPair, noExternalAddresses);
      if (invocation.has('dry-run')) {
        tellWarnings(file, zone, terminal);
        showDryRun(zone.records, keyPair, invocation, terminal);
      } else {
        await publishZone(file, zone, keyPair, invocation, terminal);
      }
      return Exit.OK;
    } catch (error) {
      const isOurs =
        error instanceof KeyFileError ||
        error instanceof PacketTooLargeError ||
        error instanceof PublishError;
      if (isOurs) throw new CommandError(error.message, { cause: error });
      throw error;
    }
  },
};

/** Reads a zone file and replaces its placeholders. @throws CommandError with every error of the file. */
function readZone(file: string, keyPair: KeyPair, placeholders: Placeholders): ZoneFile {
  try {
    return parseZoneFile(readText(file), { origin: keyPair.publicKey.name, placeholders });
  } catch (error) {
    if (!(error instanceof ZoneFileError)) throw error;
    throw new CommandError(error.faults.map((fault) => noteToLine(file, fault)).join('\n'), { cause: error });
  }
}

function tellWarnings(file: string, { warnings }: ZoneFile, terminal: Terminal): void {
  for (const warning of warnings) terminal.err(`warning: ${noteToLine(file, warning)}\n`);
}

function noteToLine(file: string, { line, column, message }: ZoneFileNote): string {
  return `${file}:${line}:${column}: ${message}`;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CommandError(
      code === 'ENOENT' ? `Cannot read ${file}: no such file.` : `Cannot read ${file}: ${message}.`,
      { cause: error },
    );
  }
}

function showDryRun(
  records: readonly ResourceRecord[],
  keyPair: KeyPair,
  invocation: Invocation,
  terminal: Terminal,
): void {
  const bytes = sizeOf(records);
  if (invocation.has('json')) {
    const key = keyPair.publicKey.text;
    const lines = recordLines(records).split('\n').slice(0, -1);
    writeJson(terminal, { key, bytes, maxBytes: MAX_PUBLISH_BYTES, records: lines });
    return;
  }
  terminal.out(`; key  ${keyPair.publicKey}\n`);
  terminal.out(`; size ${bytes} of ${MAX_PUBLISH_BYTES} bytes\n`);
  terminal.out(recordLines(records));
}

function sizeOf(records: readonly ResourceRecord[]): number {
  try {
    return encodePacketMessage(records).length;
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new CommandError(`The records cannot be encoded: ${error.message}.`, { cause: error });
  }
}

async function publishZone(
  file: string,
  unfilled: ZoneFile,
  keyPair: KeyPair,
  invocation: Invocation,
  terminal: Terminal,
): Promise<void> {
  // A zone that is too large is reported before any network access.
  sizeOf(unfilled.records);
  const { settings } = loadConfiguration(invocation, terminal);
  const memory = await openMemory(settings);
  const changedAt = statSync(file, { bigint: true }).mtimeNs / 1000n;
  const progress = new Progress(terminal);
  const published = await withNetwork(settings, terminal, async (network) => {
    progress.now('Connecting to the network …');
    const zone =
      unfilled.placeholders.length === 0
        ? unfilled
        : readZone(file, keyPair, await addressesFor(unfilled.placeholders, keyPair, settings, network));
    progress.clear();
    tellWarnings(file, zone, terminal);
    progress.now('Fetching the current packet and publishing …');
    const now = BigInt(Math.floor(terminal.now())) * 1000n;
    const isOurs = ({ key, timestamp }: SignedPacket) => memory.get(key)?.packet.timestamp === timestamp;
    return await publishRecords({
      keyPair,
      records: zone.records,
      source: network.dht?.source,
      sink: network.dht?.sink,
      relays: network.relays,
      now,
      force: invocation.has('force'),
      // If a packet is ahead of our clock, the clock is wrong, and the date of the file is no evidence.
      mayReplace: (held) => isOurs(held) || held.timestamp <= changedAt || held.timestamp > now,
      repeat: invocation.has('once'),
      signal: network.signal,
    });
  }).finally(() => progress.clear());
  const { packet, isKept } = published;
  if (!isKept) await memory.set(packet.key, { packet, fingerprint: undefined, isAdopted: false });
  if (invocation.has('json')) writeJson(terminal, publishedToJson(published));
  else if (isKept)
    terminal.err(`The packet in the network is newer than ${file}; it was published again unchanged.\n`);
  else if (!invocation.has('once')) terminal.out(publishedToText(published));
}

/** What this user published from this machine. Without it, only the date of the zone file counts. */
async function openMemory({ stateDir }: Settings): Promise<PublicationMemory> {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
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
  { dht, signal }: NetworkAccess,
): Promise<Placeholders> {
  const late = AbortSignal.any([signal, AbortSignal.timeout(ADDRESS_PATIENCE)]);
  const kind = networkOf(settings.bootstrap);
  let found = externalAddresses(kind, undefined, networkInterfaces(), noExternalAddresses);
  const isMissing = () => wanted.some((name) => found.get(name) === undefined);
  if (dht === undefined || !isMissing()) return found;
  try {
    // Nodes tell it in every response (BEP 42), so some must be queried.
    for await (const _ of dht.source.lookup(publicKey, { signal: late })) if (late.aborted) break;
    const node = await dht.node;
    for (;;) {
      found = externalAddresses(kind, await node.status(), networkInterfaces(), found);
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

function publishedToJson({ packet, previous, delivery, isKept }: Published) {
  const { nodes, relays } = delivery;
  return {
    key: packet.key.text,
    timestamp: packet.timestamp,
    date: timestampToText(packet.timestamp),
    bytes: packet.size,
    maxBytes: MAX_PUBLISH_BYTES,
    ...(previous !== undefined && { previousTimestamp: previous.timestamp }),
    newerKept: isKept,
    heldBy: holdersOf(delivery),
    nodes,
    relays: relays.map(({ label, outcome }) => ({ relay: label, ...outcome })),
  };
}

function publishedToText({ packet, delivery }: Published): string {
  return [
    `Published ${packet.size} of ${MAX_PUBLISH_BYTES} bytes under ${packet.key},`,
    `dated ${timestampToText(packet.timestamp)}.`,
    ...putReportToText(delivery),
    '',
  ].join('\n');
}
