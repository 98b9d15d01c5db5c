import { readFileSync } from 'node:fs';
import type { ResourceRecord } from '../dns/record.ts';
import { WireError } from '../dns/wire-error.ts';
import type { KeyPair } from '../pkarr/key-pair.ts';
import { encodePacketMessage, MAX_PUBLISH_BYTES, PacketTooLargeError } from '../pkarr/packet-message.ts';
import { parseZoneFile } from '../pkarr/zone-file.ts';
import { ZoneFileError, type ZoneFileNote } from '../pkarr/zone-file-error.ts';
import { KeyFileError, readKeyFile } from '../publish/key-file.ts';
import { answersToText, PublishError, publishRecords } from '../publish/publish.ts';
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
} from './command.ts';
import { loadConfiguration } from './configuration.ts';
import { withNetwork } from './network.ts';
import { recordLines } from './packet-text.ts';
import { timestampToText } from './time-text.ts';

/** Reads a zone file, signs it, and puts it into the network. */
export const publish: Command = {
  name: 'publish',
  description: [
    'Reads a zone file (RFC 1035 §5, with names relative to the key), signs its records with the key in --key, and ' +
      'stores them at the nodes of the DHT that are closest to the key. The packet is dated after the one that the ' +
      'network holds, so that it takes its place.',
    'Nodes keep a packet for some days at most: publish it again every few hours.',
  ],
  operands: [{ name: 'ZONEFILE' }],
  flags: [
    { name: 'key', value: 'FILE', help: "The key's file, as keygen wrote it" },
    { name: 'dry-run', help: 'Show the records and how many bytes they take, and publish nothing' },
    { name: 'force', help: 'Publish although the packet in the network is dated far ahead of this clock' },
    configFlag,
    jsonFlag,
  ],
  settings: ['bootstrap', 'upstream', 'dhtListen', 'logLevel'],
  async run(invocation, terminal) {
    const [file = ''] = invocation.operands;
    const keyFile = invocation.value('key');
    if (keyFile === undefined) throw new UsageError('publish needs --key FILE.');
    try {
      const keyPair = readKeyFile(keyFile);
      const records = readZone(file, keyPair, terminal);
      if (invocation.has('dry-run')) showDryRun(records, keyPair, invocation, terminal);
      else await publishZone(records, keyPair, invocation, terminal);
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

/** The records of a zone file. Warnings are told. @throws CommandError with every fault of the file. */
function readZone(file: string, keyPair: KeyPair, terminal: Terminal): readonly ResourceRecord[] {
  const noteToLine = ({ line, column, message }: ZoneFileNote) => `${file}:${line}:${column}: ${message}`;
  try {
    const { records, warnings } = parseZoneFile(readText(file), { origin: keyPair.publicKey.name });
    for (const warning of warnings) terminal.err(`warning: ${noteToLine(warning)}\n`);
    return records;
  } catch (error) {
    if (!(error instanceof ZoneFileError)) throw error;
    throw new CommandError(error.faults.map(noteToLine).join('\n'), { cause: error });
  }
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
  records: readonly ResourceRecord[],
  keyPair: KeyPair,
  invocation: Invocation,
  terminal: Terminal,
): Promise<void> {
  const { settings } = loadConfiguration(invocation, terminal);
  const { packet, outcome, previous } = await withNetwork(settings, terminal, (network) =>
    publishRecords({
      keyPair,
      records,
      source: network.source,
      sink: network.sink,
      now: BigInt(terminal.now()) * 1000n,
      force: invocation.has('force'),
      signal: network.signal,
    }),
  );
  const nodes = outcome.stored + outcome.alreadyHeld;
  if (invocation.has('json')) {
    writeJson(terminal, {
      key: packet.key.text,
      timestamp: packet.timestamp,
      date: timestampToText(packet.timestamp),
      bytes: packet.size,
      maxBytes: MAX_PUBLISH_BYTES,
      ...(previous !== undefined && { previousTimestamp: previous.timestamp }),
      nodes: outcome,
    });
    return;
  }
  const rest = answersToText(outcome);
  terminal.out(
    [
      `Published ${packet.size} of ${MAX_PUBLISH_BYTES} bytes under ${packet.key},`,
      `dated ${timestampToText(packet.timestamp)}.`,
      `${nodes} of ${outcome.asked} nodes hold it${rest === '' ? '' : `; ${rest}`}.\n`,
    ].join('\n'),
  );
}
