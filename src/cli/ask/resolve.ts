import type { Settings } from '../../config/settings.ts';
import { typeFromText, typeToText } from '../../dns/codes.ts';
import type { Name } from '../../dns/name.ts';
import { rdataToText } from '../../dns/presentation/rdata-text.ts';
import type { SourceStep } from '../../find/lookup-step.ts';
import type { PublicKey } from '../../pkarr/public-key.ts';
import type { SignedPacket } from '../../pkarr/signed-packet.ts';
import { coloursOf } from '../colours.ts';
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
  writeJsonLine,
} from '../command.ts';
import { loadUsedSettings } from '../configuration.ts';
import { isUtf8 as isUtf8Locale } from '../locale.ts';
import { LookupSeen, lookupText } from '../lookup-line.ts';
import { networkSettings, withNetwork } from '../network.ts';
import { packetComments, packetFacts, recordLines } from '../packet-text.ts';
import { withoutPetname } from '../petname.ts';
import { parsePkarrName } from '../pkarr-name.ts';
import { type FoundPacket, lookUpPacket } from './lookup.ts';
import { type LookupMap, mapOf } from './map/lookup-map.ts';
import { mapToJson } from './map/map-json.ts';
import { mapText } from './map/map-text.ts';
import { recordToJson } from './record-json.ts';
import { answerFrom } from './resolve-answer.ts';
import { watchPacket } from './watch.ts';

/** Seconds between two lookups of --watch: default, minimum and maximum. */
const WATCH_EVERY = 30;
const LEAST_EVERY = 1;
const MOST_EVERY = 86_400;

/** Columns of a map where a terminal does not tell, or there is none. */
const USUAL_WIDTH = 80;

/** Fetches the packet of a key from the network and shows its records. */
export const resolve: Command = {
  name: 'resolve',
  description: [
    'Fetches the signed packet of a key from the network and shows its records in zone file format, with signature, ' +
      'date, age, size, and the number of nodes that hold it. NAME is a key or a name below one, in any common spelling: ' +
      'KEY, pk:KEY, https://www.KEY/, or www.alice.internal after "pkarrd name add alice KEY".',
    'For a name below the key, only the records of that name are shown. With TYPE, the answer to that question is shown. ' +
      'TYPE NAME is accepted too.',
    'It shows the first packet that arrives, unless a newer one follows shortly; --newest waits for all nodes and relays.',
    'The exit code is 0 if there are records to show, otherwise 1.',
  ],
  operands: [{ name: 'NAME' }, { name: 'TYPE', optional: true }],
  flags: [
    { name: 'newest', help: 'Wait for all nodes and relays, so that no newer packet is missed' },
    {
      name: 'map',
      help: 'Ask all of the nearest nodes, and draw after the records who holds the packet, and how near they are',
    },
    { name: 'dht', help: 'Ask only the DHT; with --relay, ask both' },
    {
      name: 'packet',
      help: 'Show the raw packet in hexadecimal: key, signature, timestamp and DNS message',
    },
    { name: 'short', help: 'Show only the record data, one per line, like dig +short' },
    { name: 'watch', help: 'Repeat the lookup and show each newer packet, until interrupted' },
    {
      name: 'every',
      value: 'SECONDS',
      help: `Interval of --watch (default: ${WATCH_EVERY})`,
    },
    configFlag,
    jsonFlag,
  ],
  // --relay without --dht asks only those relays.
  settings: ['bootstrap', 'upstream', 'relay', 'dhtListen', 'stateDir', 'logLevel'],
  async run(invocation, terminal) {
    const request = await readRequest(invocation, terminal);
    const settings = await loadUsedSettings(invocation, terminal, networkSettings);
    const asked = whomToAsk(settings, invocation);
    if (invocation.has('watch')) {
      const showNewer = (found: FoundPacket) => show(request, found, undefined, terminal, writeJsonLine);
      return await watchPacket({ ...request, show: showNewer }, asked, terminal);
    }
    const seen = new LookupSeen();
    const steps: SourceStep[] = [];
    const observe = (step: SourceStep) => {
      seen.take(step);
      steps.push(step);
    };
    terminal.line.show(lookupText('Looking it up', seen));
    try {
      const found = await withNetwork(asked, terminal, (network) =>
        lookUpPacket({ ...request, signal: network.signal, tell: terminal.err, observe }, network),
      );
      terminal.line.clear();
      return show(
        request,
        found,
        request.hasMap ? mapOf(steps, found.packet.timestamp) : undefined,
        terminal,
      );
    } catch (error) {
      if (!request.hasMap || !(error instanceof CommandError)) throw error;
      // Who was asked in vain.
      const map = mapOf(steps, undefined);
      throw new CommandError(error.message, {
        cause: error,
        exit: error.exit,
        details: drawMap(map, terminal, false),
        values: { map: mapToJson(map) },
      });
    }
  },
};

/** The parsed command line. */
interface Request {
  readonly key: PublicKey;
  readonly name: Name;
  readonly type: number | undefined;
  readonly isNewest: boolean;
  /** Draw who holds it. */
  readonly hasMap: boolean;
  readonly form: 'zone' | 'json' | 'packet' | 'short';
  /** Seconds. */
  readonly every: number;
}

const excluding = [
  ['packet', 'short'],
  ['map', 'packet'],
  ['map', 'short'],
  ['map', 'watch'],
] as const;

/** @throws UsageError, CommandError. */
async function readRequest(invocation: Invocation, terminal: Terminal): Promise<Request> {
  const [first = '', second] = invocation.operands;
  // Like dig, accept both orders.
  const isSwapped =
    second !== undefined && typeFromText(first) !== undefined && typeFromText(second) === undefined;
  const [text, typeText] = isSwapped ? [second, first] : [first, second];
  const form = (['json', 'packet', 'short'] as const).filter((flag) => invocation.has(flag));
  for (const [flag, other] of excluding)
    if (invocation.has(flag) && invocation.has(other))
      throw new UsageError(`--${flag} and --${other} cannot be combined.`);
  const everyText = invocation.value('every');
  const every = everyText === undefined ? WATCH_EVERY : Number(everyText);
  if (!(Number.isInteger(every) && every >= LEAST_EVERY && every <= MOST_EVERY)) {
    throw new UsageError(
      `--every: ${JSON.stringify(everyText)} is not valid; expected whole seconds from ${LEAST_EVERY} to ${MOST_EVERY}.`,
    );
  }
  return {
    ...parsePkarrName(await withoutPetname(text, invocation, terminal)),
    type: typeText === undefined ? undefined : parseType(typeText),
    isNewest: invocation.has('newest') || invocation.has('map'),
    hasMap: invocation.has('map'),
    form: form[0] ?? 'zone',
    every,
  };
}

/** Which sources to ask: as the flags say, otherwise as the settings say. */
function whomToAsk(settings: Settings, invocation: Invocation): Settings {
  const namesRelays = invocation.settings.relay !== undefined;
  const wantsDht = invocation.has('dht');
  if (namesRelays) return { ...settings, dht: wantsDht, relayUse: 'always' };
  return wantsDht ? { ...settings, dht: true, relayUse: 'off' } : settings;
}

/** Shows the result of a lookup. */
function show(
  { name, type, form }: Request,
  { packet, state }: FoundPacket,
  map: LookupMap | undefined,
  terminal: Terminal,
  write = writeJson,
): ExitCode {
  if (form === 'packet') {
    terminal.out(`${toHex(packet)}\n`);
    return Exit.OK;
  }
  const answer = answerFrom(packet, name, type);
  if (form === 'json') {
    write(terminal, {
      ...packetFacts(packet, state, terminal.now()),
      packet: toHex(packet),
      name: String(name),
      ...(type !== undefined && { type: typeToText(type) }),
      result: answer.result,
      records: answer.records.map(recordToJson),
      ...(map !== undefined && { map: mapToJson(map) }),
    });
  } else if (form === 'short') {
    for (const record of answer.records) terminal.out(`${rdataToText(record.type, record.rdata)}\n`);
    if (answer.sentence !== undefined) terminal.err(`${answer.sentence}\n`);
  } else {
    terminal.out(packetComments(packet, state, terminal.now()));
    terminal.out(recordLines(answer.records));
    if (answer.sentence !== undefined) terminal.out(`; ${answer.sentence}\n`);
    if (map !== undefined) terminal.out(`;\n${drawMap(map, terminal, true)}`);
  }
  return answer.exit;
}

/** The map as text for standard output, or for standard error. */
function drawMap(map: LookupMap, terminal: Terminal, isForOutput: boolean): string {
  const columns = (isForOutput ? terminal.outColumns : terminal.errColumns) || USUAL_WIDTH;
  const isUtf8 = isUtf8Locale(terminal.machine.environment);
  const colours = coloursOf(isForOutput ? terminal : { ...terminal, outIsTerminal: false });
  return mapText(map, { width: columns, isUtf8, colours });
}

/** @throws UsageError. */
function parseType(text: string): number {
  const type = typeFromText(text);
  if (type !== undefined) return type;
  throw new UsageError(
    `${JSON.stringify(text)} is not a record type; expected one such as A, TXT or TYPE65400.`,
  );
}

function toHex(packet: SignedPacket): string {
  return Buffer.from(packet.toBytes()).toString('hex');
}
