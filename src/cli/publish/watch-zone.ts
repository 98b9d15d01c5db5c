import { setTimeout as sleep } from 'node:timers/promises';
import { networkOf } from '../../mainline/addresses.ts';
import { MAX_PUBLISH_BYTES } from '../../pkarr/packet-message.ts';
import { noExternalAddresses, type Placeholders } from '../../pkarr/zone/file/placeholders.ts';
import { externalAddresses } from '../../publish/external-addresses.ts';
import { type Published, publishZone } from '../../publish/publish.ts';
import { PublishError } from '../../publish/publish-error.ts';
import { putReportToText } from '../../publish/put-report.ts';
import { Schedule } from '../../publish/schedule.ts';
import type { LoadedZone } from '../../publish/zone-file.ts';
import { ZoneWatch } from '../../publish/zone-watch.ts';
import { machineInterfaces } from '../../system/interfaces.ts';
import type { NetworkAccess } from '../network.ts';
import { directoriesOf } from '../system/ask-program.ts';
import { handOver } from './hand-over.ts';
import { PublishSeen, publishText } from './publish-line.ts';
import { microseconds, type PutRequest } from './put-zone.ts';
import { tellAbout } from './zone-source.ts';

/** Milliseconds between two looks at the zone file. */
const LOOK_EVERY = 1_000;

/**
 * Publishes a zone again when its file or an address in it changes, and every hour, until the signal of the network aborts. A
 * file with a fault, or without any record, leaves what is published as it is.
 *
 * @param current the zone that was published before.
 */
export async function watchZone(
  network: NetworkAccess,
  { source, settings, memory, invocation, terminal }: PutRequest,
  current: LoadedZone,
): Promise<void> {
  const { keyPair, movedFrom, text } = source;
  const say = (line: string) => terminal.out(`${new Date(terminal.now()).toISOString()} ${line}\n`);
  const complain = (line: string) => terminal.err(`${new Date(terminal.now()).toISOString()} ${line}\n`);
  const watch = new ZoneWatch({ path: text.path, key: keyPair.publicKey, movedFrom }, (faults) => {
    for (const fault of faults) complain(fault);
    complain('What is published stays as it is until that is repaired.');
  });
  const schedule = new Schedule({ now: () => performance.now(), nowWall: terminal.now, random: Math.random });
  schedule.begun();
  let published = current;
  let addresses: Placeholders = noExternalAddresses;
  let told = '';
  while (await pause(network.signal)) {
    if (published.placeholders.length > 0)
      addresses = await addressesNow(network, settings.bootstrap, addresses);
    const isChanged = await watch.look(addresses);
    const { zone } = watch;
    if (zone === undefined) continue;
    const isNew = differ(zone, published);
    if (isChanged && isNew) schedule.hurry();
    if (schedule.left > 0) continue;
    schedule.begun();
    if (isNew) tellAbout(zone, terminal);
    try {
      const now = microseconds(terminal);
      const { signal, publish } = network;
      const seen = new PublishSeen();
      terminal.line.show(publishText(seen));
      const result = await publishZone({
        keyPair,
        zone,
        network: publish,
        memory,
        mode: 'keep',
        now,
        observe: seen,
        signal,
      });
      terminal.line.clear();
      schedule.succeeded();
      told = '';
      published = zone;
      // A program that was started meanwhile is given it too.
      await handOver(result.packet, await directoriesOf(invocation, terminal));
      say(resultLine(result, isNew));
    } catch (error) {
      terminal.line.clear();
      if (network.signal.aborted) return;
      if (!(error instanceof PublishError)) throw error;
      schedule.failed();
      if (error.message !== told) complain(`${error.message} It is tried again.`);
      told = error.message;
    }
  }
}

/** Waits for the next look; false when there is none. */
async function pause(signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(LOOK_EVERY, undefined, { signal });
    return true;
  } catch {
    // Only the signal ends a sleep.
    return false;
  }
}

function differ(zone: LoadedZone, published: LoadedZone): boolean {
  // While an address is not known, the last one stays published.
  if (zone.isIncomplete) return zone.fingerprint !== published.fingerprint;
  return zone.fingerprint !== published.fingerprint || Buffer.compare(zone.message, published.message) !== 0;
}

async function addressesNow(
  { node }: NetworkAccess,
  bootstrap: Parameters<typeof networkOf>[0],
  before: Placeholders,
): Promise<Placeholders> {
  const status = node === undefined ? undefined : await (await node).status();
  const found = externalAddresses(networkOf(bootstrap), status, machineInterfaces(), before);
  // An address that is not known for a while has most likely not changed.
  return new Map([...found].map(([name, value]) => [name, value ?? before.get(name)]));
}

function resultLine({ packet, report, isAdopted }: Published, isNew: boolean): string {
  const held = putReportToText(report).join(' ');
  if (isAdopted)
    return `A newer packet was published elsewhere; it is kept until the zone file changes. ${held}`;
  return `Published ${isNew ? '' : 'again, '}${packet.size} of ${MAX_PUBLISH_BYTES} bytes. ${held}`;
}
