import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { orAborted } from '../../async/or-aborted.ts';
import { credentialFor } from '../../config/credentials.ts';
import type { Settings } from '../../config/settings.ts';
import { SourceError } from '../../find/packet-source.ts';
import { networkOf } from '../../mainline/addresses.ts';
import { MainlineError } from '../../mainline/errors.ts';
import { silentLog } from '../../observe/log.ts';
import type { KeyPair } from '../../pkarr/key-pair.ts';
import { MAX_PUBLISH_BYTES } from '../../pkarr/packet-message.ts';
import { timestampToText } from '../../pkarr/timestamp-text.ts';
import { noExternalAddresses, type Placeholders } from '../../pkarr/zone/file/placeholders.ts';
import { externalAddresses } from '../../publish/external-addresses.ts';
import { KeyFileError, readKeyFile } from '../../publish/key-file.ts';
import { PublicationMemory } from '../../publish/publication-memory.ts';
import { type Published, publishZone } from '../../publish/publish.ts';
import { PublishError } from '../../publish/publish-error.ts';
import { holdersOf, putReportToText } from '../../publish/put-report.ts';
import { readZoneText, type ZoneText } from '../../publish/read-zone.ts';
import { type LoadedZone, loadZone } from '../../publish/zone-file.ts';
import { EmptyZoneProblem, ZoneProblem } from '../../publish/zone-problem.ts';
import { machineInterfaces } from '../../system/interfaces.ts';
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
import { loadUsedSettings } from '../configuration.ts';
import { type NetworkAccess, networkSettings, withNetwork } from '../network.ts';
import { recordLines } from '../packet-text.ts';
import { Progress } from '../progress.ts';
import { directoriesOf } from '../system/ask-program.ts';
import { handOver } from './hand-over.ts';

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
    'Without --force, it does not publish a zone file that contains no records: that would take the records of the key down.',
    'In record data, {external_ipv4} and {external_ipv6} are replaced by the public addresses of this machine.',
    'For a web server that has the certificate of the key (see "pkarrd certificate"), the line "@ HTTPS 1 ." in the zone file tells ' +
      'clients that there is TLS.',
    'A pkarrd that runs on this machine is given the packet too, so that it answers with it at once.',
    'DHT nodes drop a packet after a few days at most. Publish it again every few hours: run --once from a timer, or let ' +
      'pkarrd serve do it with a [[publish]] table in the configuration file.',
  ],
  operands: [{ name: 'ZONEFILE' }],
  flags: [
    { name: 'key', value: 'FILE', help: 'Key file, as written by "pkarrd keygen"' },
    { name: 'dry-run', help: 'Show the records and their size in bytes, but do not publish' },
    {
      name: 'force',
      help: 'Publish even if the packet in the network is newer, its timestamp is far in the future, or the zone is empty',
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
      const keyPair = await readKeyFile(keyFile, credentialFor(keyFile, terminal.machine.environment));
      const source: ZoneSource = {
        text: await readZoneText(file),
        keyPair,
        allowEmpty: invocation.has('force'),
      };
      const zone = load(source, noExternalAddresses);
      if (invocation.has('dry-run')) {
        tellWarnings(zone, terminal);
        showDryRun(zone, keyPair, invocation, terminal);
      } else {
        await publishSource(source, zone, invocation, terminal);
      }
      return Exit.OK;
    } catch (error) {
      if (error instanceof EmptyZoneProblem) {
        const hint = 'Publishing it would take down what is published; add --force if that is meant.';
        throw new CommandError(`${error.message}. ${hint}`, { cause: error });
      }
      const isOurs =
        error instanceof KeyFileError || error instanceof ZoneProblem || error instanceof PublishError;
      if (isOurs) throw new CommandError(error.message, { cause: error });
      throw error;
    }
  },
};

/** A zone file that was read, and the key that it is for. */
interface ZoneSource {
  readonly text: ZoneText;
  readonly keyPair: KeyPair;
  readonly allowEmpty: boolean;
}

/** @throws ZoneProblem */
function load({ text, keyPair, allowEmpty }: ZoneSource, placeholders: Placeholders): LoadedZone {
  return loadZone(text, keyPair.publicKey, placeholders, { allowEmpty });
}

function tellWarnings({ warnings }: LoadedZone, terminal: Terminal): void {
  for (const warning of warnings) terminal.err(`warning: ${warning}\n`);
}

function showDryRun(
  { message, records }: LoadedZone,
  { publicKey }: KeyPair,
  invocation: Invocation,
  terminal: Terminal,
): void {
  const bytes = message.length;
  if (invocation.has('json')) {
    const lines = recordLines(records).split('\n').slice(0, -1);
    writeJson(terminal, { key: publicKey.text, bytes, maxBytes: MAX_PUBLISH_BYTES, records: lines });
    return;
  }
  terminal.out(`; key  ${publicKey}\n`);
  terminal.out(`; size ${bytes} of ${MAX_PUBLISH_BYTES} bytes\n`);
  terminal.out(recordLines(records));
}

async function publishSource(
  source: ZoneSource,
  unfilled: LoadedZone,
  invocation: Invocation,
  terminal: Terminal,
): Promise<void> {
  const { keyPair, text } = source;
  const settings = await loadUsedSettings(invocation, terminal, networkSettings);
  const memory = await openMemory(settings);
  const progress = new Progress(terminal);
  let zone = unfilled;
  const publishOver = async (network: NetworkAccess) => {
    progress.now('Connecting to the network …');
    const wanted = unfilled.placeholders;
    if (wanted.length > 0) zone = load(source, await addressesFor(wanted, keyPair, settings, network));
    progress.clear();
    tellWarnings(zone, terminal);
    progress.now('Fetching the current packet and publishing …');
    return await publishZone({
      keyPair,
      zone,
      network: network.publish,
      memory,
      mode: invocation.has('force') ? 'force' : invocation.has('once') ? 'keep' : 'new',
      now: BigInt(Math.floor(terminal.now())) * 1000n,
      signal: network.signal,
    });
  };
  let published: Published;
  try {
    published = await withNetwork(settings, terminal, publishOver);
  } finally {
    progress.clear();
  }
  await handOver(published.packet, await directoriesOf(invocation, terminal));
  if (invocation.has('json')) writeJson(terminal, publishedToJson(published));
  else if (published.isAdopted)
    terminal.err(`The packet in the network is newer than ${text.path}; it was published again unchanged.\n`);
  else if (!invocation.has('once')) terminal.out(publishedToText(published));
  if (!published.isAdopted && Buffer.compare(published.packet.message, zone.message) !== 0)
    terminal.err('An address in the zone is not known, so what was published before was put again.\n');
}

/** What this user published from this machine. Without it, only the date of the zone file counts. */
async function openMemory({ stateDir }: Settings): Promise<PublicationMemory> {
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

function publishedToJson({ packet, previous, report, isAdopted }: Published) {
  const { nodes, relays } = report;
  return {
    key: packet.key.text,
    timestamp: packet.timestamp,
    date: timestampToText(packet.timestamp),
    bytes: packet.size,
    maxBytes: MAX_PUBLISH_BYTES,
    ...(previous !== undefined && { previousTimestamp: previous.timestamp }),
    newerKept: isAdopted,
    heldBy: holdersOf(report),
    nodes,
    relays: relays.map(({ label, outcome }) => ({ relay: label, ...outcome })),
  };
}

function publishedToText({ packet, report }: Published): string {
  return [
    `Published ${packet.size} of ${MAX_PUBLISH_BYTES} bytes under ${packet.key},`,
    `dated ${timestampToText(packet.timestamp)}.`,
    ...putReportToText(report),
    '',
  ].join('\n');
}
