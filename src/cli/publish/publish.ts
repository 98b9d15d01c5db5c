import { resolve as resolvePath } from 'node:path';
import { noExternalAddresses } from '../../pkarr/zone/file/placeholders.ts';
import { PublishError } from '../../publish/publish-error.ts';
import type { LoadedZone } from '../../publish/zone-file.ts';
import { EmptyZoneProblem, LargeZoneProblem, ZoneProblem } from '../../publish/zone-problem.ts';
import {
  type Command,
  CommandError,
  configFlag,
  Exit,
  type ExitCode,
  type Invocation,
  jsonFlag,
  type Terminal,
  UsageError,
  writeJson,
} from '../command.ts';
import { loadUsedSettings } from '../configuration.ts';
import { passphraseFlag } from '../keys/open-key-file.ts';
import { type NetworkAccess, networkSettings, withNetwork } from '../network.ts';
import { onStopSignal } from '../stop-signal.ts';
import { directoriesOf } from '../system/ask-program.ts';
import { canConfirm, confirmOnTerminal } from '../system/confirm.ts';
import { lookCommand } from './conflict.ts';
import { showDryRun, tooLargeError } from './dry-run.ts';
import { handOver } from './hand-over.ts';
import { openMemory, type PutRequest, putZone } from './put-zone.ts';
import { removeZone } from './remove.ts';
import { publishedToJson, publishedToText } from './result-text.ts';
import { watchZone } from './watch-zone.ts';
import {
  givenKey,
  loadSource,
  readSource,
  STANDARD_INPUT,
  tellAbout,
  type ZoneSource,
} from './zone-source.ts';

/** Signs a zone file and publishes it to the network. */
export const publish: Command = {
  name: 'publish',
  description: [
    'Reads a zone file (RFC 1035 section 5, with names relative to the key; "-" is standard input), signs its records with the key file in ' +
      '--key, and stores the packet on the DHT nodes closest to the key and on the relays. Its timestamp is later than ' +
      'that of the packet in the network, so that it replaces it.',
    'The names of a domain that has its zone elsewhere are moved with --origin: "pkarrd publish example.com.txt --origin ' +
      'example.com --key my.key" takes a BIND zone file or the export of a provider such as Cloudflare. Names of the domain become ' +
      'names of the key, as owners and as targets; SOA, NS and DNSSEC records of the old zone are left out, and it is said what was ' +
      'done. Look at it with --dry-run first. Where records of an export stood behind a proxy, it asks before it publishes where they ' +
      'lead. The domain itself is not changed.',
    'A packet holds 995 bytes of records. (Readers accept 1000, but some nodes count a few more than others.) Of a zone that is ' +
      'larger, it shows what each record takes and what helps; --dry-run does so too.',
    'Without --force, it does not replace a packet that was published elsewhere after the zone file was last changed, or ' +
      'one whose timestamp is more than a day in the future; it shows what would change. Standard input has no date: with "-" ' +
      'it replaces only what was published from here last, as the state directory has it.',
    'A zone file that contains no records is refused. --remove takes down what is published: it puts an empty packet with a ' +
      'later timestamp in its place, because nodes cannot be told to forget one. It shows the records and asks first. Nodes drop ' +
      'the empty packet too when nobody publishes it again; the older one they no longer have.',
    'In record data, {external_ipv4} and {external_ipv6} are replaced by the public addresses of this machine.',
    'For a web server that has the certificate of the key (see "pkarrd certificate"), the line "@ HTTPS 1 ." in the zone file tells ' +
      'clients that there is TLS.',
    'A pkarrd that runs on this machine is given the packet too, so that it answers with it at once.',
    'DHT nodes drop a packet after a few days at most. Publish it again every few hours: run --once from a timer, or let ' +
      'pkarrd serve do it with a [[publish]] table in the configuration file.',
  ],
  operands: [{ name: 'ZONEFILE', optional: true }],
  flags: [
    { name: 'key', value: 'FILE', help: 'Key file, as written by "pkarrd keygen"' },
    passphraseFlag,
    {
      name: 'origin',
      value: 'DOMAIN',
      help: 'The domain that the zone file was written for; its names become names of the key',
    },
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
    {
      name: 'watch',
      help: 'Stay, and publish again when the zone file changes and every hour, until interrupted',
    },
    { name: 'remove', help: 'Take down what is published under the key; ZONEFILE is not given then' },
    {
      name: 'yes',
      help: 'Do not ask: with --remove, and with --origin where records of an export stood behind a proxy',
    },
    configFlag,
    jsonFlag,
  ],
  settings: ['bootstrap', 'upstream', 'relay', 'relayUse', 'dhtListen', 'stateDir', 'logLevel'],
  async run(invocation, terminal) {
    checkFlags(invocation);
    const [file = ''] = invocation.operands;
    try {
      if (invocation.has('remove'))
        return await removeZone(await givenKey(invocation, terminal), invocation, terminal);
      const source = await readSource(file, invocation, terminal);
      return await publishSource(source, invocation, terminal);
    } catch (error) {
      if (error instanceof EmptyZoneProblem) {
        const hint = 'Publishing it would take down what is published, which --remove is for.';
        throw new CommandError(`${error.message}. ${hint}`, { cause: error });
      }
      if (error instanceof ZoneProblem || error instanceof PublishError)
        throw new CommandError(error.message, { cause: error });
      throw error;
    }
  },
};

/** Flags that mean something only without some others. */
const excluding: readonly (readonly [flag: string, others: readonly string[]])[] = [
  ['remove', ['origin', 'force', 'once', 'watch']],
  ['watch', ['dry-run', 'once', 'json']],
];

/** @throws UsageError */
function checkFlags(invocation: Invocation): void {
  const [file] = invocation.operands;
  for (const [flag, others] of excluding) {
    const other = others.find((name) => invocation.has(name));
    if (invocation.has(flag) && other !== undefined)
      throw new UsageError(`publish: --${flag} and --${other} cannot be given together.`);
  }
  if (invocation.has('remove') && file !== undefined)
    throw new UsageError(
      'publish: --remove takes down all that is published under the key, so ZONEFILE is not given.',
    );
  if (!invocation.has('remove') && file === undefined) throw new UsageError('publish: ZONEFILE is missing.');
  if (file === STANDARD_INPUT && invocation.value('passphrase') === '-')
    throw new UsageError('publish: only one of ZONEFILE and --passphrase can be standard input.');
  if (invocation.has('watch') && file === STANDARD_INPUT)
    throw new UsageError('publish: --watch needs a file; standard input is read once.');
}

async function publishSource(
  source: ZoneSource,
  invocation: Invocation,
  terminal: Terminal,
): Promise<ExitCode> {
  try {
    const unfilled = loadSource(source, noExternalAddresses);
    if (invocation.has('dry-run')) {
      showDryRun(unfilled, source.keyPair.publicKey, invocation, terminal);
      return Exit.OK;
    }
    if (unfilled.isExposed) await confirmExposure(unfilled, invocation, terminal);
    const settings = await loadUsedSettings(invocation, terminal, networkSettings);
    const memory = await openMemory(settings);
    const request: PutRequest = { source, unfilled, settings, memory, invocation, terminal };
    if (!invocation.has('watch')) {
      await withNetwork(settings, terminal, async (network) => await putOnce(network, request));
      return Exit.OK;
    }
    const ending = new AbortController();
    onStopSignal(() => ending.abort(new CommandError('Stopped.')));
    await withNetwork(
      settings,
      terminal,
      async (network) => {
        const zone = await putOnce(network, request);
        terminal.err(`Watching ${source.text.path}; Ctrl-C ends it.\n`);
        await watchZone(network, request, zone);
      },
      ending.signal,
    );
    return Exit.OK;
  } catch (error) {
    if (error instanceof LargeZoneProblem) throw tooLargeError(error, source, invocation);
    throw error;
  }
}

/**
 * Asks whether addresses that a proxy has hidden may be published: nobody can take that back. A timer does not ask again.
 * @throws UsageError when there is nobody to ask, and CommandError when the answer is no
 */
async function confirmExposure(zone: LoadedZone, invocation: Invocation, terminal: Terminal): Promise<void> {
  if (invocation.has('yes') || invocation.has('once')) return;
  tellAbout(zone, terminal);
  if (!canConfirm())
    throw new UsageError(
      'publish: this export has records that stood behind a proxy, and there is no terminal to ask on; give --yes to publish where they lead, or --dry-run to look.',
    );
  if (!(await confirmOnTerminal('Publish where these records lead?')))
    throw new CommandError('Nothing was published.');
}

async function putOnce(network: NetworkAccess, request: PutRequest): Promise<LoadedZone> {
  const { source, invocation, terminal } = request;
  const { published, zone, tookMs } = await putZone(network, request);
  await handOver(published.packet, await directoriesOf(invocation, terminal));
  if (invocation.has('json')) writeJson(terminal, { ...publishedToJson(published), durationMs: tookMs });
  else if (published.isAdopted)
    terminal.err(
      `The packet in the network is newer than ${source.text.path}; it was published again unchanged.\n`,
    );
  else if (!invocation.has('once')) terminal.out(publishedToText(published, tookMs));
  if (!published.isAdopted && Buffer.compare(published.packet.message, zone.message) !== 0)
    terminal.err('An address in the zone is not known, so what was published before was put again.\n');
  const isFirstMove = source.movedFrom !== undefined && !invocation.has('once') && !invocation.has('watch');
  if (isFirstMove && !invocation.has('json')) terminal.err(nextSteps(source, invocation));
  return zone;
}

/** What somebody who has just moved a domain does next. */
function nextSteps({ keyPair, text, movedFrom }: ZoneSource, invocation: Invocation): string {
  const key = keyPair.publicKey.text;
  const origin = movedFrom?.toString().replace(/\.$/, '') ?? '';
  const isPiped = invocation.operands[0] === STANDARD_INPUT;
  const zone = isPiped ? 'the path of a file with what was piped' : resolvePath(text.path);
  return [
    `Names of ${origin} are names of the key now: www.${origin} is www.${key}.`,
    'Look at it:',
    `  ${lookCommand(key, invocation)}`,
    'Nodes forget it after some days. To keep it published, put these lines into the configuration of pkarrd serve, and run pkarrd reload:',
    '  [[publish]]',
    `  zone = ${JSON.stringify(zone)}`,
    `  key = ${JSON.stringify(resolvePath(invocation.value('key') ?? ''))}`,
    `  origin = ${JSON.stringify(origin)}`,
    '',
  ].join('\n');
}
