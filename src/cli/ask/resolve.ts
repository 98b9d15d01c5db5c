import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../config/settings.ts';
import { typeFromText, typeToText } from '../../dns/codes.ts';
import type { Name } from '../../dns/name.ts';
import { rdataToText } from '../../dns/presentation.ts';
import { applyEvent, initialState, type LookupState } from '../../find/lookup-state.ts';
import { SourceError } from '../../find/packet-source.ts';
import type { PublicKey } from '../../pkarr/public-key.ts';
import { compareRecency, type SignedPacket } from '../../pkarr/signed-packet.ts';
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
import { type NetworkAccess, networkSettings, withNetwork } from '../network.ts';
import { packetComments, packetFacts, recordLines } from '../packet-text.ts';
import { Progress } from '../progress.ts';
import { untilStopped } from '../stop-signal.ts';
import { timestampToText } from '../time-text.ts';
import { parsePkarrName } from './pkarr-name.ts';
import { recordToJson } from './record-json.ts';
import { answerFrom } from './resolve-answer.ts';

/** Milliseconds after the first packet in which a newer one is waited for. */
const SETTLE = 400;
/** Seconds between two lookups of --watch: default, minimum and maximum. */
const WATCH_EVERY = 30;
const LEAST_EVERY = 1;
const MOST_EVERY = 86_400;
/** The timeout of one lookup of --watch, in milliseconds. */
const LOOK_PATIENCE = 30_000;

/** Fetches the packet of a key from the network and shows its records. */
export const resolve: Command = {
  name: 'resolve',
  description: [
    'Fetches the signed packet of a key from the network and shows its records in zone file format, with signature, ' +
      'date, age, size, and the number of nodes that hold it. NAME is a key or a name below one, in any common spelling: ' +
      'KEY, pk:KEY, https://www.KEY/.',
    'For a name below the key, only the records of that name are shown. With TYPE, the answer to that question is shown. ' +
      'TYPE NAME is accepted too.',
    'It shows the first packet that arrives, unless a newer one follows shortly; --newest waits for all nodes and relays.',
    'The exit code is 0 if there are records to show, otherwise 1.',
  ],
  operands: [{ name: 'NAME' }, { name: 'TYPE', optional: true }],
  flags: [
    { name: 'newest', help: 'Wait for all nodes and relays, so that no newer packet is missed' },
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
  settings: ['bootstrap', 'upstream', 'relay', 'dhtListen', 'logLevel'],
  async run(invocation, terminal) {
    const request = readRequest(invocation);
    const settings = await loadUsedSettings(invocation, terminal, networkSettings);
    const asked = whomToAsk(settings, invocation);
    if (invocation.has('watch')) return await watch(request, asked, terminal);
    const state = await withNetwork(asked, terminal, (network) =>
      look(request, network, terminal, network.signal, new Progress(terminal)),
    );
    return show(request, state, terminal);
  },
};

/** The parsed command line. */
interface Request {
  readonly key: PublicKey;
  readonly name: Name;
  readonly type: number | undefined;
  readonly isNewest: boolean;
  readonly form: 'zone' | 'json' | 'packet' | 'short';
  /** Seconds. */
  readonly every: number;
}

/** @throws UsageError. */
function readRequest(invocation: Invocation): Request {
  const [first = '', second] = invocation.operands;
  // Like dig, accept both orders.
  const isSwapped =
    second !== undefined && typeFromText(first) !== undefined && typeFromText(second) === undefined;
  const [text, typeText] = isSwapped ? [second, first] : [first, second];
  const form = (['json', 'packet', 'short'] as const).filter((flag) => invocation.has(flag));
  if (invocation.has('packet') && invocation.has('short')) {
    throw new UsageError('--packet and --short cannot be combined.');
  }
  const everyText = invocation.value('every');
  const every = everyText === undefined ? WATCH_EVERY : Number(everyText);
  if (!(Number.isInteger(every) && every >= LEAST_EVERY && every <= MOST_EVERY)) {
    throw new UsageError(
      `--every: ${JSON.stringify(everyText)} is not valid; expected whole seconds from ${LEAST_EVERY} to ${MOST_EVERY}.`,
    );
  }
  return {
    ...parsePkarrName(text),
    type: typeText === undefined ? undefined : parseType(typeText),
    isNewest: invocation.has('newest'),
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

/** Shows the result of a lookup. @throws CommandError if there is no packet. */
function show({ key, name, type, form }: Request, state: LookupState, terminal: Terminal): ExitCode {
  const packet = packetOf(key, state);
  if (form === 'packet') {
    terminal.out(`${toHex(packet)}\n`);
    return Exit.OK;
  }
  const answer = answerFrom(packet, name, type);
  if (form === 'json') {
    writeJson(terminal, {
      ...packetFacts(packet, state, terminal.now()),
      packet: toHex(packet),
      name: String(name),
      ...(type !== undefined && { type: typeToText(type) }),
      result: answer.result,
      records: answer.records.map(recordToJson),
    });
  } else if (form === 'short') {
    for (const record of answer.records) terminal.out(`${rdataToText(record.type, record.rdata)}\n`);
    if (answer.sentence !== undefined) terminal.err(`${answer.sentence}\n`);
  } else {
    terminal.out(packetComments(packet, state, terminal.now()));
    terminal.out(recordLines(answer.records));
    if (answer.sentence !== undefined) terminal.out(`; ${answer.sentence}\n`);
  }
  return answer.exit;
}

/** Shows each packet that is newer than the last, until interrupted. */
async function watch(request: Request, settings: Settings, terminal: Terminal): Promise<ExitCode> {
  const ending = new AbortController();
  void untilStopped().then(() => ending.abort(new CommandError('Stopped.')));
  let shown: SignedPacket | undefined;
  let lastProblem: string | undefined;
  const progress = new Progress(terminal);
  const lookOnce = async (network: NetworkAccess) => {
    const late = AbortSignal.any([ending.signal, AbortSignal.timeout(LOOK_PATIENCE)]);
    try {
      const state = await look({ ...request, isNewest: true }, network, terminal, late, undefined);
      const packet = packetOf(request.key, state);
      progress.clear();
      if (shown === undefined || compareRecency(packet, shown) > 0) {
        shown = packet;
        show(request, state, terminal);
      }
      lastProblem = undefined;
    } catch (error) {
      if (ending.signal.aborted) return;
      const isKnown = error instanceof CommandError || late.aborted;
      if (!isKnown) throw error;
      const problem =
        error instanceof CommandError
          ? error.message
          : `The network did not answer within ${LOOK_PATIENCE / 1000} s.`;
      if (problem !== lastProblem) progress.line(problem);
      lastProblem = problem;
    }
    progress.now(`Next lookup in ${request.every} s …`);
  };
  await withNetwork(
    settings,
    terminal,
    async (network) => {
      while (!ending.signal.aborted) {
        await lookOnce(network);
        // An abort rejects this, and ends the loop.
        await sleep(request.every * 1000, undefined, { signal: ending.signal }).catch(() => {});
      }
    },
    ending.signal,
  );
  progress.clear();
  return shown === undefined ? Exit.FAILED : Exit.OK;
}

/** @throws UsageError. */
function parseType(text: string): number {
  const type = typeFromText(text);
  if (type !== undefined) return type;
  throw new UsageError(
    `${JSON.stringify(text)} is not a record type; expected one such as A, TXT or TYPE65400.`,
  );
}

/**
 * Looks up the packet and shows `progress`. Unless the newest is wanted, it ends shortly after the first packet. After a
 * timeout, the result so far is used.
 */
async function look(
  { key, isNewest }: Request,
  network: NetworkAccess,
  terminal: Terminal,
  patience: AbortSignal,
  progress: Progress | undefined,
): Promise<LookupState> {
  const startedAt = terminal.now();
  const since = () => `${terminal.now() - startedAt} ms`;
  const settled = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let state = initialState(undefined);
  progress?.now(network.node === undefined ? 'Querying the relays …' : 'Querying the DHT …');
  try {
    const signal = AbortSignal.any([patience, settled.signal]);
    for await (const event of network.source.lookup(key, { signal })) {
      const before = state.best;
      state = applyEvent(state, event);
      if (event.kind !== 'packet') continue;
      if (state.best !== before) {
        const what = before === undefined ? 'First packet' : 'A newer packet';
        progress?.line(
          `${what} after ${since()}, from ${event.from}, of ${timestampToText(event.packet.timestamp)}.`,
        );
      }
      progress?.now(`Querying the rest; held by ${state.heldBy} so far …`);
      if (!isNewest) timer ??= setTimeout(() => settled.abort(new Settled()), SETTLE);
    }
    const { asked, answered } = state.observed;
    const who = network.node === undefined ? 'relays' : 'nodes';
    progress?.line(`${answered} of ${asked} ${who} answered within ${since()}.`);
  } catch (error) {
    progress?.clear();
    if (error instanceof SourceError) throw new CommandError(`${error.message}.`, { cause: error });
    if (!(patience.aborted || settled.signal.aborted) || state.best === undefined) throw error;
    const answered = state.heldBy + state.behind;
    // The number of nodes that were asked is known only at the end of a lookup.
    state = { ...state, observed: { asked: answered, answered, empty: 0 } };
    if (settled.signal.aborted)
      progress?.line(`${answered} answered within ${since()}; use --newest to wait for all.`);
    else progress?.line(`${patience.reason.message} This is the result so far.`);
  } finally {
    clearTimeout(timer);
  }
  return state;
}

/** Ends a lookup whose result is good enough. Not an error. */
class Settled extends Error {
  override readonly name = 'Settled';
}

function toHex(packet: SignedPacket): string {
  return Buffer.from(packet.toBytes()).toString('hex');
}

function packetOf(key: PublicKey, state: LookupState): SignedPacket {
  if (state.best !== undefined) return state.best;
  const { asked, answered, empty } = state.observed;
  if (state.unusableSeq !== undefined) {
    throw new CommandError(
      `The item that is published under ${key} (seq ${state.unusableSeq}) is not a packet of DNS records.`,
    );
  }
  if (asked === 0) throw new CommandError('No DHT node is reachable; check the network and --bootstrap.');
  if (answered === 0) throw new CommandError(`None of ${asked} nodes answered; check the network.`);
  throw new CommandError(
    `No packet is published under ${key}: ${answered} nodes answered, and ${empty} of them have no packet for it.`,
  );
}
