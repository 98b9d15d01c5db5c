import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../config/settings.ts';
import { askProgram } from '../../control/client.ts';
import { ControlError } from '../../control/socket.ts';
import { defaultFinderSettings } from '../../find/finder-settings.ts';
import { provesAbsence } from '../../find/lookup-state.ts';
import type { SourceObserver } from '../../find/lookup-step.ts';
import type { PublicKey } from '../../pkarr/public-key.ts';
import { lookUp, whyNone } from '../ask/lookup.ts';
import {
  type Command,
  CommandError,
  configFlag,
  Exit,
  type Invocation,
  jsonFlag,
  type Terminal,
  toJson,
  UsageError,
} from '../command.ts';
import { loadUsedSettings } from '../configuration.ts';
import { type NetworkAccess, networkSettings, withNetwork } from '../network.ts';
import { withoutPetname } from '../petname.ts';
import { parsePkarrName } from '../pkarr-name.ts';
import { onStopSignal } from '../stop-signal.ts';
import { directoriesOf } from '../system/ask-program.ts';
import { EventProgram, findProgram } from './event-program.ts';
import { eventToJson, eventToText } from './event-text.ts';
import { judgeSighting, type Sighting, unseen, type WatchEvent } from './watch-event.ts';
import { WatchLines } from './watch-lines.ts';

/** Seconds between two lookups of a key: default, minimum and maximum. */
const EVERY = 60;
const LEAST_EVERY = 1;
const MOST_EVERY = 86_400;

/** The most keys: each is a lookup in the DHT every time. */
const MAX_KEYS = 64;

/** Milliseconds of one lookup. */
const TIMEOUT = 30_000;

/** Tells what happens to the packets of keys. */
export const watch: Command = {
  name: 'watch',
  description: [
    'Looks up the packets of keys again and again, and writes a line when one is found, changes, ages (is not signed anew for a ' +
      'day, a week, a month), is held by half as many nodes, or is gone, until it is interrupted. KEY is a key in any common ' +
      'spelling, or a name such as alice.internal after "pkarrd name add alice KEY".',
    'With --exec, a program is started for each event, without a shell: it gets the event as one line of JSON on its standard ' +
      'input, and nothing in its environment but PKARRD_KEY, PKARRD_EVENT and PKARRD_TIMESTAMP. For each key one runs at a ' +
      'time, for 60 s at most. All words after --exec belong to the program. The events are found, changed, aged, ' +
      'fewer-nodes and gone.',
    'The running pkarrd keeps the last packets of watched keys, for "pkarrd history".',
  ],
  operands: [{ name: 'KEY', isRepeated: true }],
  flags: [
    { name: 'every', value: 'SECONDS', help: `Seconds between two lookups of a key (default: ${EVERY})` },
    {
      name: 'exec',
      value: 'PROGRAM [ARG]...',
      takesRest: true,
      help: 'Start this program for each event; comes last',
    },
    configFlag,
    { ...jsonFlag, help: 'Write each event as one line of JSON' },
  ],
  settings: ['bootstrap', 'upstream', 'relay', 'dht', 'dhtListen', 'stateDir', 'logLevel'],
  async run(invocation, terminal) {
    const every = readEvery(invocation.value('every'));
    const keys = await readKeys(invocation, terminal);
    const [program, ...args] = invocation.values('exec');
    const { PATH } = terminal.machine.environment;
    const found = program === undefined ? undefined : await findProgram(program, PATH);
    const settings = await loadUsedSettings(invocation, terminal, networkSettings);
    const asked: Settings =
      invocation.settings.relay === undefined ? settings : { ...settings, relayUse: 'always' };

    const ending = new AbortController();
    onStopSignal(() => ending.abort(new CommandError('Stopped.')));
    const lines = new WatchLines(terminal.line, { every, keys: keys.size });
    const hook =
      found === undefined
        ? undefined
        : new EventProgram({
            ...{ program: found, args, stop: ending.signal },
            tell: (text) => {
              if (text !== '') terminal.err(text);
            },
          });
    const show = (name: string, event: WatchEvent) => {
      const isJson = invocation.has('json');
      terminal.out(isJson ? `${toJson(eventToJson(event))}\n` : eventToText(name, event, terminal.now()));
      hook?.handle(event);
    };
    const tellRunning = await runningProgram(invocation, terminal);
    const counts = await withNetwork(
      asked,
      terminal,
      (network) =>
        Promise.all(
          [...keys].map(([text, { key, name }]) =>
            watchKey(key, { network, every, lines, terminal, signal: ending.signal }, (event) => {
              show(name, event);
              if (event.kind === 'found' || event.kind === 'changed')
                tellRunning(text, Buffer.from(event.packet.toBytes()).toString('base64'));
            }),
          ),
        ),
      ending.signal,
    );
    await hook?.finished();
    if (counts.every((count) => count === 0))
      throw new CommandError('Nothing happened until it was stopped.');
    return Exit.OK;
  },
};

/** How a key is watched. */
interface Watching {
  readonly network: NetworkAccess;
  /** Seconds. */
  readonly every: number;
  readonly lines: WatchLines;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** Watches one key until the signal aborts. @returns how many events there were. */
async function watchKey(
  key: PublicKey,
  { network, every, lines, terminal, signal }: Watching,
  onEvent: (event: WatchEvent) => void,
): Promise<number> {
  let state = unseen;
  let lastProblem: string | undefined;
  let count = 0;
  while (!signal.aborted) {
    const observe = lines.begin();
    const problem = await look(key, { network, signal, observe }, (sighting) => {
      const judged = judgeSighting(state, sighting, terminal.now());
      state = judged.state;
      count += judged.events.length;
      judged.events.forEach(onEvent);
    });
    if (signal.aborted) break;
    if (problem !== undefined && problem !== lastProblem) terminal.err(`${key}: ${problem}\n`);
    lastProblem = problem;
    lines.end();
    // Rejects when a signal stops it, and that ends the loop.
    await sleep(every * 1000, undefined, { signal }).catch(() => {});
  }
  return count;
}

interface Looking extends Pick<Watching, 'network' | 'signal'> {
  readonly observe: SourceObserver;
}

/** One lookup, and a second one when the first finds nothing. @returns why nothing was seen, as a sentence. */
async function look(
  key: PublicKey,
  { network, signal: ending, observe }: Looking,
  onSighting: (sighting: Sighting) => void,
): Promise<string | undefined> {
  for (let isSecond = false; ; isSecond = true) {
    const signal = AbortSignal.any([ending, AbortSignal.timeout(TIMEOUT)]);
    try {
      const state = await lookUp({ key, isNewest: true, signal, observe }, network);
      const { best: packet, heldBy: held, observed } = state;
      if (packet === undefined && !provesAbsence(state, defaultFinderSettings.absentQuorum))
        return whyNone(key, state, network);
      // A node may have been asked too early, or the wrong ones.
      if (packet === undefined && !isSecond) continue;
      onSighting({ packet, held, answered: Math.max(observed.answered, held) });
      return packet === undefined ? whyNone(key, state, network) : undefined;
    } catch (error) {
      if (ending.aborted) return undefined;
      if (error instanceof CommandError) return error.message;
      if (signal.aborted) return `The network did not answer within ${TIMEOUT / 1000} s.`;
      throw error;
    }
  }
}

/** Tells the running program, if this user may, that a key is watched, and what its packet is. */
async function runningProgram(
  invocation: Invocation,
  terminal: Terminal,
): Promise<(key: string, packet: string) => void> {
  const directories = await directoriesOf(invocation, terminal);
  const tell = async (key: string, packet: string) => {
    try {
      await askProgram(directories, ['watched', key]);
      await askProgram(directories, ['learn', packet]);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      // It does not run, or is of another user: then nothing is kept, and "history" says so.
    }
  };
  let telling = Promise.resolve();
  return (key, packet) => {
    telling = telling.then(() => tell(key, packet));
  };
}

/** The keys by their text, each with what was given for it. @throws UsageError, CommandError */
async function readKeys(
  invocation: Invocation,
  terminal: Terminal,
): Promise<ReadonlyMap<string, { readonly key: PublicKey; readonly name: string }>> {
  const keys = new Map<string, { readonly key: PublicKey; readonly name: string }>();
  for (const given of invocation.operands) {
    const text = await withoutPetname(given, invocation, terminal);
    const { key } = parsePkarrName(text);
    keys.set(key.text, { key, name: text === given ? key.text : given });
  }
  if (keys.size > MAX_KEYS)
    throw new UsageError(`watch: ${keys.size} keys are too many; at most ${MAX_KEYS}.`);
  return keys;
}

/** @throws UsageError */
function readEvery(text: string | undefined): number {
  const every = text === undefined ? EVERY : Number(text);
  if (Number.isInteger(every) && every >= LEAST_EVERY && every <= MOST_EVERY) return every;
  throw new UsageError(
    `--every: ${JSON.stringify(text)} is not valid; expected whole seconds from ${LEAST_EVERY} to ${MOST_EVERY}.`,
  );
}
