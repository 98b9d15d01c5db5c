import type { ListenAddress } from '../../../config/listen-address.ts';
import { Class, Rcode, rcodeToText, typeToText } from '../../../dns/codes.ts';
import { decodeExtendedError } from '../../../dns/extended-error.ts';
import { decodeMessage, encodeMessage, type Message, queryMessage } from '../../../dns/message.ts';
import type { Calls } from '../../../http/calls/calls.ts';
import { canonicalAddress } from '../../../ip/address.ts';
import type { AnswerView, LookUpStep } from '../../../page/look-up/step.ts';
import type { PublicKey } from '../../../pkarr/public-key.ts';
import type { Petnames } from '../../../resolve/special/petnames.ts';
import type { Front } from '../../../serve/front.ts';
import type { AskOutcome } from '../../../serve/responder.ts';
import type { ServedAddress } from '../../../serve/served-address.ts';
import { shellWord } from '../../../system/commands/shell-word.ts';
import { explain } from '../../../way/explanation.ts';
import { withoutPaths } from '../../explain/without-paths.ts';
import { hostOnly } from '../../host-only.ts';
import type { Packets } from '../../packets.ts';
import { digText } from './dig-text.ts';
import { askedView, networkEnd, packetView } from './packet-view.ts';
import { readTypedQuestion, type TypedQuestion, TypedQuestionError } from './typed-question.ts';

/** Milliseconds for all of it; a lookup in the DHT is over after a second or two. */
const TIMEOUT = 15_000;

/** Octets of a reply that the query says it takes: those of UDP do not matter here (RFC 6891 §6.2.5). */
const PAYLOAD_SIZE = 1232;

/** What a look-up needs of the program. */
export interface LookUpParts {
  readonly packets: Pick<Packets, 'watch' | 'finder' | 'packetReader'>;
  readonly front: Pick<Front, 'ask'>;
  /** Names of the user's own for keys. */
  readonly petnames: Petnames;
  /** Where DNS is answered. */
  readonly addresses: () => readonly ServedAddress[];
  readonly nowWall: () => number;
}

/**
 * Looks up what somebody typed on the page, and tells what happens: for a name of a key, whom the lookup of its packet asks and
 * what they say; for every name, what the resolver answers. One lookup does for both, since all who ask for a key share one.
 */
export function lookUp(parts: LookUpParts): Calls['look-up'] {
  return async ({ name, type, client }, { signal, push }) => {
    try {
      const typed = readTypedQuestion(name, type);
      const petname = parts.petnames.find(typed.name);
      const question = petname === undefined ? typed : { ...typed, key: petname.key };
      const limit = AbortSignal.timeout(TIMEOUT);
      const run = new Run(parts, question, canonicalAddress(client) ?? client, push);
      await run.go(AbortSignal.any([signal, limit])).catch((error: unknown) => {
        if (!limit.aborted || signal.aborted) throw error;
        push({ kind: 'problem', sentence: `Not all was known after ${TIMEOUT / 1000} s.` });
      });
    } catch (error) {
      if (!(error instanceof TypedQuestionError)) throw error;
      push({ kind: 'problem', sentence: error.message });
    }
    return undefined;
  };
}

/** One look-up. */
class Run {
  readonly #parts: LookUpParts;
  readonly #question: TypedQuestion;
  readonly #client: string;
  readonly #push: (step: LookUpStep) => void;
  readonly #begunAt = performance.now();
  #shown: bigint | undefined;

  constructor(parts: LookUpParts, question: TypedQuestion, client: string, push: (step: LookUpStep) => void) {
    this.#parts = parts;
    this.#question = question;
    this.#client = client;
    this.#push = push;
  }

  async go(signal: AbortSignal): Promise<void> {
    const { name, type, key } = this.#question;
    this.#push({
      kind: 'question',
      question: {
        name: String(name),
        type: typeToText(type),
        ...(key !== undefined && { key: key.text }),
        command: `dig ${serverWords(this.#parts.addresses())}${shellWord(String(name))} ${typeToText(type)}`,
      },
    });
    // The lookup is begun first, so that the question joins the one that is watched.
    const watching = key === undefined ? undefined : this.#watch(key, signal);
    await Promise.all([watching, this.#ask(signal)]);
  }

  async #watch(key: PublicKey, signal: AbortSignal): Promise<void> {
    const { packets } = this.#parts;
    this.#push({ kind: 'place', place: packets.finder.whereIs(key) });
    const observe = (step: Parameters<typeof askedView>[0]) =>
      this.#push({ kind: 'asked', asked: askedView(step, this.#now()) });
    const whole = packets.watch(key, { client: this.#client, observe, signal });
    const first = packets.packetReader.read(key, { client: this.#client, signal }).then((outcome) => {
      if (outcome.kind === 'found') this.#show(outcome.packet);
    });
    const [outcome] = await Promise.all([whole, first]);
    if (outcome.kind === 'found') this.#show(outcome.packet);
    this.#push({ kind: 'network', network: networkEnd(outcome, this.#now()) });
  }

  /** Once, and again for a newer one. */
  #show(packet: Parameters<typeof packetView>[0]): void {
    if (this.#shown !== undefined && packet.timestamp <= this.#shown) return;
    this.#shown = packet.timestamp;
    this.#push({ kind: 'packet', packet: packetView(packet, this.#parts.nowWall(), this.#now()) });
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { name, type } = this.#question;
    const edns = { udpPayloadSize: PAYLOAD_SIZE, version: 0, dnssecOk: false, options: [] };
    const begunAt = performance.now();
    const outcome = await this.#parts.front.ask(
      encodeMessage(queryMessage({ name, type, class: Class.IN }, edns)),
      'everybody',
      { isTraced: true },
    );
    signal.throwIfAborted();
    if (typeof outcome === 'string') {
      this.#push({ kind: 'problem', ...refusals[outcome] });
      return;
    }
    const message = decodeMessage(outcome.reply);
    const tookMs = performance.now() - begunAt;
    const answer: AnswerView = {
      text: digText(message, tookMs),
      rcode: rcodeToText(message.rcode),
      isCached: outcome.isCached,
      source: outcome.source,
      ...(outcome.upstream !== undefined && { upstream: hostOnly(outcome.upstream) }),
      tookMs,
      ...explainedView(outcome, message, this.#parts.nowWall()),
    };
    this.#push({ kind: 'answer', answer });
  }

  #now(): number {
    return performance.now() - this.#begunAt;
  }
}

const refusals = {
  limited: {
    sentence: 'Too many names were looked up in a short time: try again in a moment.',
    cause: 'limited',
  },
  unavailable: { sentence: 'No process of pkarrd answers at this moment: try again.', cause: 'busy' },
} as const;

/** The way of the answer, and what to do, for the page. */
function explainedView(
  { way = [] }: Exclude<AskOutcome, string>,
  message: Message,
  nowWall: number,
): Pick<AnswerView, 'way' | 'advice'> {
  const { rcode, answers, questions, edns } = message;
  const isGood = rcode === Rcode.NOERROR && answers.some(({ type }) => type === questions[0]?.type);
  const extendedErrors = (edns?.options ?? []).flatMap((option) => decodeExtendedError(option) ?? []);
  const facts = way.map(withoutPaths);
  const { steps, advice } = explain({ facts, rcode: rcodeToText(rcode), extendedErrors, isGood }, nowWall);
  return { way: steps.map(({ sentence }) => sentence), advice };
}

/** How dig is told whom to ask: this resolver, at an address that a program of this machine reaches. */
function serverWords(addresses: readonly ServedAddress[]): string {
  const own = addresses.filter(({ service }) => service === undefined);
  const { host, port }: Pick<ListenAddress, 'host' | 'port'> = own.find((one) => one.host === '127.0.0.1') ??
    own[0] ?? { host: '127.0.0.1', port: 53 };
  const reached = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `@${reached} ${port === 53 ? '' : `-p ${port} `}`;
}
