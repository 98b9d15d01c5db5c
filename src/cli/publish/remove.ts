import type { AppStatus } from '../../app/status.ts';
import { credentialFor } from '../../config/credentials.ts';
import { askProgram } from '../../control/client.ts';
import { ControlError } from '../../control/socket.ts';
import type { LookupState } from '../../find/lookup-state.ts';
import type { KeyPair } from '../../pkarr/key-pair.ts';
import { encodePacketMessage } from '../../pkarr/packet-message.ts';
import type { PublicKey } from '../../pkarr/public-key.ts';
import { timestampToText } from '../../pkarr/timestamp-text.ts';
import { KeyFileError, readKeyFile } from '../../publish/key-file.ts';
import { type Published, publishZone } from '../../publish/publish.ts';
import { putReportToText } from '../../publish/put-report.ts';
import { querySources } from '../../publish/query-sources.ts';
import { recordToJson } from '../ask/record-json.ts';
import {
  CommandError,
  Exit,
  type ExitCode,
  type Invocation,
  type Terminal,
  UsageError,
  writeJson,
} from '../command.ts';
import { loadUsedConfiguration } from '../configuration.ts';
import { LookupSeen, lookupText } from '../lookup-line.ts';
import { networkSettings, withNetwork } from '../network.ts';
import { directoriesOf } from '../system/ask-program.ts';
import { canConfirm, confirmOnTerminal } from '../system/confirm.ts';
import { handOver } from './hand-over.ts';
import { PublishSeen, publishText } from './publish-line.ts';
import { microseconds, openMemory } from './put-zone.ts';
import { relativeRecord } from './relative-records.ts';
import { publishedToJson } from './result-text.ts';

/** Milliseconds for a running program to say what it publishes. */
const PATIENCE = 1_000;

/** Puts a packet without records in the place of what is published under a key, after it was shown and confirmed. */
export async function removeZone(
  keyPair: KeyPair,
  invocation: Invocation,
  terminal: Terminal,
): Promise<ExitCode> {
  const isDry = invocation.has('dry-run');
  if (!isDry && !invocation.has('yes') && !canConfirm())
    throw new UsageError('publish: there is no terminal to ask on; give --yes or --dry-run.');
  const { publicKey } = keyPair;
  const loaded = await loadUsedConfiguration(invocation, terminal, networkSettings);
  const { settings } = loaded;
  const seen = new LookupSeen();
  terminal.line.show(lookupText('Looking for the current packet', seen));
  const found = await withNetwork(settings, terminal, async ({ publish: { sources }, signal }) =>
    querySources(publicKey, sources, { observe: seen.take, signal }),
  );
  terminal.line.clear();
  const configured = await keptBy(publicKey, loaded.tables.publish, terminal);
  const kept = configured.length > 0 ? configured : await keptByRunning(publicKey, invocation, terminal);
  for (const line of kept) terminal.err(`note: ${line}\n`);
  const absence = whyNothing(found, publicKey);
  if (absence !== undefined) {
    if (invocation.has('json'))
      writeJson(terminal, { key: publicKey.text, isRemoved: false, reason: absence, records: [] });
    else terminal.out(`${absence}\n`);
    return Exit.OK;
  }
  const records = found.best?.records ?? [];
  if (!invocation.has('json') || !invocation.has('yes')) terminal.err(thereNow(found, publicKey));
  if (isDry) {
    if (invocation.has('json'))
      writeJson(terminal, {
        ...{ key: publicKey.text, isRemoved: false, reason: 'This is a dry run.' },
        records: records.map(recordToJson),
      });
    return Exit.OK;
  }
  if (!invocation.has('yes') && !(await confirmOnTerminal('Take this down?'))) {
    throw new CommandError('Nothing was changed.');
  }
  const memory = await openMemory(settings);
  const putting = new PublishSeen();
  terminal.line.show(publishText(putting));
  const published = await withNetwork(settings, terminal, async (network) =>
    publishZone({
      keyPair,
      zone: { message: encodePacketMessage([]), fingerprint: '', changedAt: 0n, isIncomplete: false },
      network: network.publish,
      // Not remembered as ours: so a timer on this machine sees that somebody took the zone down, and leaves it so.
      memory: { get: (key) => memory.get(key), set: async () => {} },
      mode: 'force',
      now: microseconds(terminal),
      observe: putting,
      signal: network.signal,
    }),
  );
  terminal.line.clear();
  await handOver(published.packet, await directoriesOf(invocation, terminal));
  if (invocation.has('json'))
    writeJson(terminal, {
      ...publishedToJson(published),
      isRemoved: true,
      records: records.map(recordToJson),
    });
  else terminal.out(removedText(published, records.length));
  return Exit.OK;
}

/** Why there is nothing to take down, as a sentence. */
function whyNothing({ best, unusableSeq, observed }: LookupState, key: PublicKey): string | undefined {
  if (best === undefined && unusableSeq === undefined)
    return `Nothing is published under ${key}: ${observed.answered} nodes and relays answered, and none has a packet of it.`;
  if (best === undefined || best.records.length > 0 || best.timestamp < (unusableSeq ?? 0n)) return undefined;
  return `Nothing is published under ${key}: it was taken down on ${timestampToText(best.timestamp)}.`;
}

function thereNow({ best }: LookupState, key: PublicKey): string {
  if (best === undefined) return `Under ${key} the network holds something that is no packet of records.\n`;
  const date = timestampToText(best.timestamp);
  return [
    `Published under ${key}, dated ${date}:`,
    ...best.records.map((record) => `- ${relativeRecord(record, key)}`),
    '',
  ].join('\n');
}

function removedText({ packet, report }: Published, count: number): string {
  return [
    `Took down ${count === 1 ? '1 record' : `${count} records`} under ${packet.key}`,
    `by an empty packet, dated ${timestampToText(packet.timestamp)}.`,
    ...putReportToText(report),
    'Resolvers that have the records in their cache answer with them until their TTL is over.',
    '',
  ].join('\n');
}

/** Who publishes a zone under this key and would put it there again, a sentence for each. */
async function keptBy(
  key: PublicKey,
  tables: readonly { readonly zone: string; readonly key: string; readonly where: string }[],
  terminal: Terminal,
): Promise<readonly string[]> {
  const found = await Promise.all(
    tables.map(async ({ zone, key: file, where }) =>
      (await isKeyOf(file, key, terminal))
        ? [
            `${where} has pkarrd serve publish ${zone} under this key. It leaves the key empty until that file changes, and then ` +
              'publishes it again: take the table out, and run pkarrd reload.',
          ]
        : [],
    ),
  );
  return found.flat();
}

/** The same of a program that runs with another configuration, if this user may see what it publishes. */
async function keptByRunning(
  key: PublicKey,
  invocation: Invocation,
  terminal: Terminal,
): Promise<readonly string[]> {
  try {
    const { publications } = (await askProgram(await directoriesOf(invocation, terminal), ['status'], {
      timeout: PATIENCE,
    })) as Pick<AppStatus, 'publications'>;
    return publications
      .filter(({ kind, key: other }) => kind === 'publish' && other === key.text)
      .map(
        ({ name }) =>
          `The running pkarrd publishes ${name} under this key. It leaves the key empty until the zone file changes, and then ` +
          'publishes it again: take its [[publish]] table out of the configuration, and run pkarrd reload.',
      );
  } catch (error) {
    if (error instanceof ControlError) return [];
    throw error;
  }
}

async function isKeyOf(file: string, key: PublicKey, { machine }: Terminal): Promise<boolean> {
  try {
    return (await readKeyFile(file, credentialFor(file, machine.environment))).publicKey.equals(key);
  } catch (error) {
    if (error instanceof KeyFileError) return false;
    throw error;
  }
}
