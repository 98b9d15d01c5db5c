import { Class, Type, typeFromText, typeToText } from '../dns/codes.ts';
import type { Name } from '../dns/name.ts';
import type { ResourceRecord } from '../dns/record.ts';
import { type Choice, consider, startChoice } from '../find/choice.ts';
import { SourceError } from '../find/packet-source.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import { lookupZone } from '../pkarr/zone.ts';
import type { ZoneAnswer } from '../pkarr/zone-answer.ts';
import {
  type Command,
  CommandError,
  configFlag,
  Exit,
  type ExitCode,
  jsonFlag,
  type Terminal,
  UsageError,
  writeJson,
} from './command.ts';
import { loadConfiguration } from './configuration.ts';
import { type NetworkAccess, withNetwork } from './network.ts';
import { packetComments, packetFacts, recordLines } from './packet-text.ts';
import { parsePkarrName } from './pkarr-name.ts';
import { Progress } from './progress.ts';
import { recordToJson } from './record-json.ts';
import { timestampToText } from './time-text.ts';

/** Asks the whole network for the packet of a key, and shows what is in it. */
export const resolve: Command = {
  name: 'resolve',
  description: [
    'Asks the network for the newest packet of a key and shows its records as a zone file, with signature, date, age, ' +
      'size, and how many nodes hold it. NAME is a key, or a name below one, in any spelling that people paste: KEY, ' +
      'pk:KEY, https://www.KEY/.',
    'With a name below the key its records are shown, and with TYPE the answer to that one question.',
    'The exit code is 0 when there are records to show, and 1 when there are none.',
  ],
  operands: [{ name: 'NAME' }, { name: 'TYPE', optional: true }],
  flags: [configFlag, jsonFlag],
  settings: ['bootstrap', 'upstream', 'dhtListen', 'logLevel'],
  async run(invocation, terminal) {
    const [text = '', typeText] = invocation.operands;
    const { key, name } = parsePkarrName(text);
    const type = typeText === undefined ? undefined : parseType(typeText);
    const { settings } = loadConfiguration(invocation, terminal);
    const choice = await withNetwork(settings, terminal, (network) => look(key, network, terminal));
    const packet = packetOf(key, choice);
    const answer = answerFrom(packet, name, type);
    if (invocation.has('json')) {
      writeJson(terminal, {
        ...packetFacts(packet, choice, terminal.now()),
        name: String(name),
        ...(type !== undefined && { type: typeToText(type) }),
        result: answer.result,
        records: answer.records.map(recordToJson),
      });
    } else {
      terminal.out(packetComments(packet, choice, terminal.now()));
      terminal.out(recordLines(answer.records));
      if (answer.sentence !== undefined) terminal.out(`; ${answer.sentence}\n`);
    }
    return answer.exit;
  },
};

/** @throws UsageError. */
function parseType(text: string): number {
  const type = typeFromText(text);
  if (type !== undefined) return type;
  throw new UsageError(
    `${JSON.stringify(text)} is not a record type; write one such as A, TXT or TYPE65400.`,
  );
}

/** Asks everybody, and tells of it. What is known when the time is over counts too. */
async function look(key: PublicKey, network: NetworkAccess, terminal: Terminal): Promise<Choice> {
  const progress = new Progress(terminal);
  const startedAt = terminal.now();
  const since = () => `${terminal.now() - startedAt} ms`;
  let choice = startChoice(undefined);
  progress.now('Asking the DHT …');
  try {
    for await (const event of network.source.lookup(key, { signal: network.signal })) {
      const before = choice.best;
      choice = consider(choice, event);
      if (event.kind === 'packet' && choice.best !== before) {
        const what = before === undefined ? 'First packet' : 'A newer packet';
        progress.line(
          `${what} after ${since()}, from ${event.from}, of ${timestampToText(event.packet.timestamp)}.`,
        );
      }
      if (event.kind === 'packet') progress.now(`Asking the rest, held by ${choice.heldBy} so far …`);
    }
    const { asked, answered } = choice.observed;
    progress.line(`${answered} of ${asked} nodes answered within ${since()}.`);
  } catch (error) {
    progress.clear();
    if (error instanceof SourceError) throw new CommandError(`${error.message}.`, { cause: error });
    if (!network.signal.aborted || choice.best === undefined) throw error;
    progress.line(`${network.signal.reason.message} This is what came until then.`);
  }
  return choice;
}

function packetOf(key: PublicKey, choice: Choice): SignedPacket {
  if (choice.best !== undefined) return choice.best;
  const { asked, answered, empty } = choice.observed;
  if (choice.unusableSeq !== undefined) {
    throw new CommandError(
      `What ${key} published (${choice.unusableSeq}) is no signed packet of DNS records.`,
    );
  }
  if (asked === 0)
    throw new CommandError('No node of the DHT is known; is there a network, and is --bootstrap right?');
  if (answered === 0) throw new CommandError(`None of ${asked} nodes answered; is there a network?`);
  throw new CommandError(
    `No packet is published under ${key}: ${empty} of ${answered} nodes that answered hold nothing.`,
  );
}

/** What is shown of a packet. */
interface Shown {
  readonly records: readonly ResourceRecord[];
  /** In one word, for programs. */
  readonly result: 'zone' | 'records' | ZoneAnswer['kind'];
  /** What is to be said behind the records, if anything. */
  readonly sentence: string | undefined;
  readonly exit: ExitCode;
}

function answerFrom(packet: SignedPacket, name: Name, type: number | undefined): Shown {
  if (type !== undefined) return shownAnswer(packet, name, type);
  const isApex = name.equals(packet.key.name);
  const records = isApex ? packet.records : packet.records.filter((record) => record.name.equals(name));
  if (records.length > 0)
    return { records, result: isApex ? 'zone' : 'records', sentence: undefined, exit: Exit.OK };
  if (isApex) return { records, result: 'zone', sentence: 'The packet holds no records.', exit: Exit.FAILED };
  // A wildcard, an alias above it, an empty non-terminal, or nothing: what a question would find says which.
  return shownAnswer(packet, name, Type.ANY);
}

function shownAnswer(packet: SignedPacket, name: Name, type: number): Shown {
  const answer = lookupZone(packet, { name, type, class: Class.IN });
  const what = type === Type.ANY ? 'no records of its own' : `no ${typeToText(type)} records`;
  const end = answer.chain.length === 0 ? name : 'The name that the alias leads to';
  const none = (sentence: string): Shown => ({
    records: answer.chain,
    result: answer.kind,
    sentence,
    exit: Exit.FAILED,
  });
  switch (answer.kind) {
    case 'answer':
      return {
        records: [...answer.chain, ...answer.records],
        result: 'answer',
        sentence: undefined,
        exit: Exit.OK,
      };
    case 'alias':
      return {
        records: answer.chain,
        result: 'alias',
        sentence: `The alias leads out of the packet, to ${answer.target}`,
        exit: Exit.OK,
      };
    case 'referral':
      return {
        records: [...answer.chain, ...answer.servers, ...answer.glue],
        result: 'referral',
        sentence: `${answer.name} is delegated to these name servers.`,
        exit: Exit.OK,
      };
    case 'no-data':
      return none(`${end} exists and has ${what} (NODATA).`);
    case 'name-error':
      return none(`${end} does not exist in this packet (NXDOMAIN).`);
    case 'loop':
      return none('The aliases lead in a circle (SERVFAIL).');
    case 'name-too-long':
      return none('The DNAME makes a name that is too long (YXDOMAIN).');
  }
}
