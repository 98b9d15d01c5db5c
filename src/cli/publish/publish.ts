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

/** The file of the state directory that keeps what this command published. The running program has one of its own. */
const MEMORY_FILE = 'published';
/** Milliseconds that nodes have to tell us our address, and between two questions for it. */
const ADDRESS_PATIENCE = 8_000;
const ADDRESS_EVERY = 100;

/** Reads a zone file, signs it, and puts it into the network. */
export const publish: Command = {
  name: 'publish',
  description: [
    'Reads a zone file (RFC 1035 §5, with names relative to the key), signs its records with the key in --key, and ' +
      'stores them at the nodes of the DHT that are closest to the key, and at the relays. The packet is dated after the ' +
      'one that the network holds, so that it takes its place.',
    'A packet that was published elsewhere after the zone file was changed, or that is dated more than a day ahead of the ' +
      'clock, is not replaced without --force.',
    '{external_ipv4} and {external_ipv6} in the data of a record stand for the addresses of this machine as the Internet ' +
      'sees them.',
    'Nodes keep a packet for some days at most: publish it again every few hours, with --once from a timer, or let ' +
      'pkarrd serve do it, with a [[publish]] table in its configuration.',
  ],
  operands: [{ name: 'ZONEFILE' }],
  flags: [
    { name: 'key', value: 'FILE', help: "The key's file, as keygen wrote it" },
    { name: 'dry-run', help: 'Show the records and how many bytes they take, and publish nothing' },
    {
      name: 'force',
      help: 'Publish although the packet in the network is newer, or dated far ahead of this clock',
    },
    {
      name: 'once',
      help:
        'For a timer: say nothing when all is well, and put the packet that is there again, as it is, unless the zone ' +
        'file is newer and says something else',
    },
    configFlag,
    jsonFlag,
  ],
  settings: ['bootstrap', 'upstream', 'relay', 'relayUse', 'dhtListen', 'stateDir', 'logLevel'],
  async run(invocation, terminal) {
    const [file = ''] = invocation.operands;
    const keyFile = invocation.value('key');
    if (keyFile === undefined) throw new UsageError('publish needs --key FILE.');
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

/** A zone file with its placeholders filled. @throws CommandError with every fault of the file. */
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
      code === 'ENOENT' ? `There is no file ${file}.` : `${file} cannot be read: ${message}.`,
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
    throw new CommandError(`The records cannot be written: ${error.message}.`, { cause: error });
  }
}

async function publishZone(
  file: string,
  unfilled: ZoneFile,
  keyPair: KeyPair,
  invocation: Invocation,
  terminal: Terminal,
): Promise<void> {
  // What is too large is told before anybody is asked.
  sizeOf(unfilled.records);
  const { settings } = loadConfiguration(invocation, terminal);
  const memory = await openMemory(settings);
  const changedAt = statSync(file, { bigint: true }).mtimeNs / 1000n;
  const progress = new Progress(terminal);
  const published = await withNetwork(settings, terminal, async (network) => {
    progress.now('Joining the network …');
    const zone =
      unfilled.placeholders.length === 0
        ? unfilled
        : readZone(file, keyPair, await addressesFor(unfilled.placeholders, keyPair, settings, network));
    progress.clear();
    tellWarnings(file, zone, terminal);
    progress.now('Reading what the network holds, and publishing …');
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
      // A packet ahead of our clock says that the clock is wrong, and then the date of the file says nothing.
      mayReplace: (held) => isOurs(held) || held.timestamp <= changedAt || held.timestamp > now,
      repeat: invocation.has('once'),
      signal: network.signal,
    });
  }).finally(() => progress.clear());
  const { packet, isKept } = published;
  if (!isKept) await memory.set(packet.key, { packet, fingerprint: undefined, isAdopted: false });
  if (invocation.has('json')) writeJson(terminal, publishedToJson(published));
  else if (isKept)
    terminal.err(`${file} is older than what the network holds, which was put again as it is.\n`);
  else if (!invocation.has('once')) terminal.out(publishedToText(published));
}

/** What this user published from this machine. Without it the date of the zone file alone counts. */
async function openMemory({ stateDir }: Settings): Promise<PublicationMemory> {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  } catch {
    // Not to be had by this user, perhaps: nothing is remembered then, and nothing else is wrong.
  }
  return await PublicationMemory.open(join(stateDir, MEMORY_FILE), silentLog);
}

/** Our addresses, waited for as long as one that is wanted is missing and may still come. */
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
    // Nodes tell it with every answer, so some have to be asked something.
    for await (const _ of dht.source.lookup(publicKey, { signal: late })) if (late.aborted) break;
    const node = await dht.node;
    for (;;) {
      found = externalAddresses(kind, await node.status(), networkInterfaces(), found);
      if (!isMissing()) return found;
      await sleep(ADDRESS_EVERY, undefined, { signal: late });
    }
  } catch (error) {
    signal.throwIfAborted();
    // A record without an address is left out, which is told; why there is no network is told by what follows.
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
