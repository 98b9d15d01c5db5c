import { withTimeout } from '../../async/with-timeout.ts';
import { Rcode, Type, typeToText } from '../../dns/codes.ts';
import { ExtendedErrorCode } from '../../dns/extended-error.ts';
import type { Name } from '../../dns/name.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import { syntheticSoa } from '../../dns/soa.ts';
import type { PublicKey } from '../../pkarr/public-key.ts';
import type { FoundAnswer } from '../../pkarr/zone/answer.ts';
import { lookupZone } from '../../pkarr/zone/zone.ts';
import type { ReadOutcome } from '../../store/packet-library.ts';
import { aliasLoop, MAX_ALIASES } from '../alias-limit.ts';
import { type Answer, type RecordsAnswer, recordsAnswer, toRecords } from '../answer.ts';
import { ResolveError } from '../errors.ts';
import type { PacketReader } from '../packet-reader.ts';
import type { Query, ResolveContext, Resolver } from '../query.ts';
import { MAX_KEYS, ResolutionBudget } from '../resolution-budget.ts';
import type { Delegation } from './delegation.ts';
import { packetFact, zoneFact } from './packet-facts.ts';

/** RFC 8767 §4: the TTL of expired records is "greater than 0, with a RECOMMENDED value of 30 seconds". */
const STALE_TTL = 30;

/**
 * Octets of answers and additional records up to which such records are added: more would not fit into a datagram of
 * 1232, and a client would have to ask again over TCP for what it did not ask for.
 */
const MAX_OCTETS = 1_100;

/** Milliseconds that an answer waits for what belongs into its additional section: the answer itself is there. */
const ADDITIONALS_MS = 1_000;

/** What a `PkarrResolver` depends on. */
export interface PkarrResolverParts {
  readonly packetReader: PacketReader;
  /** Resolves aliases that leave a packet: the router, of which this is a part. */
  readonly follow: Resolver;
  /** Resolves names that a packet delegates. */
  readonly delegation: Pick<Delegation, 'resolve'>;
  /** Seconds that a negative answer may be cached when the packet has no SOA. */
  readonly negativeTtl: number;
}

/** Answers from the signed packet of a key. */
export class PkarrResolver {
  readonly #parts: PkarrResolverParts;

  constructor(parts: PkarrResolverParts) {
    this.#parts = parts;
  }

  /**
   * The answer to a question whose name is the key's or below it.
   * @throws ResolveError
   */
  async resolve(key: PublicKey, query: Query, context: ResolveContext): Promise<Answer> {
    const { client, cancellation, onSource, trace, budget = new ResolutionBudget() } = context;
    if (!budget.takePacket(key)) {
      const text = `Answering needs the packets of more than ${MAX_KEYS} keys.`;
      throw new ResolveError('too-many-keys', text);
    }
    const reading = this.#parts.packetReader.read(key, { client, signal: cancellation.signal, trace });
    const outcome = await reading.catch((reason: unknown) => {
      // The wait ended before the lookup did.
      onSource?.('dht');
      throw reason;
    });
    trace?.tell(packetFact(key, outcome));
    if (outcome.kind !== 'busy') onSource?.(outcome.from ?? 'packet');
    switch (outcome.kind) {
      case 'busy':
        throw new ResolveError('busy', 'Rate limit for key lookups exceeded; try again in a moment.');
      case 'found':
        return await this.#answerFrom(outcome, query, { ...context, budget });
      case 'absent':
        return recordsAnswer({
          rcode: Rcode.NXDOMAIN,
          authorities: [syntheticSoa(key.name, 0, outcome.seconds)],
          extendedErrors: [
            { code: ExtendedErrorCode.OTHER, text: 'No signed packet is published for this key.' },
          ],
        });
      case 'unusable':
        throw new ResolveError(
          'packet-unusable',
          'The data published for this key is not a valid signed packet.',
        );
      case 'unreachable':
        throw new ResolveError(
          'packet-unreachable',
          `Could not fetch a signed packet for this key: ${outcome.reason}.`,
        );
    }
  }

  async #answerFrom(
    found: Extract<ReadOutcome, { kind: 'found' }>,
    query: Query,
    context: ResolveContext,
  ): Promise<Answer> {
    const { packet, stale } = found;
    const zoneAnswer = lookupZone(packet, query.question, {
      maxSteps: MAX_ALIASES - context.aliasesFollowed,
      negativeTtl: this.#parts.negativeTtl,
    });
    const chain = zoneAnswer.chain;
    context.trace?.tell(zoneFact(zoneAnswer));
    const next = { ...context, aliasesFollowed: context.aliasesFollowed + zoneAnswer.steps };
    // A packet may be replaced when its time to live is over, so no record gets a longer TTL.
    const cap = (answer: RecordsAnswer): RecordsAnswer =>
      stale ? markStale(capTtls(answer, STALE_TTL)) : capTtls(answer, found.timeToLive);
    switch (zoneAnswer.kind) {
      case 'answer': {
        const additionals = await this.#serviceAdditionals(zoneAnswer, query, next);
        return cap(recordsAnswer({ answers: [...chain, ...zoneAnswer.records], additionals }));
      }
      case 'no-data':
        return cap(recordsAnswer({ answers: chain, authorities: [zoneAnswer.soa] }));
      case 'name-error':
        return cap(recordsAnswer({ rcode: Rcode.NXDOMAIN, answers: chain, authorities: [zoneAnswer.soa] }));
      case 'name-too-long':
        return cap(recordsAnswer({ rcode: Rcode.YXDOMAIN, answers: chain }));
      case 'alias': {
        const rest = await this.#follow(zoneAnswer.target, query, next);
        return cap({ ...rest, authoritative: true, answers: [...chain, ...rest.answers] });
      }
      case 'loop':
        throw aliasLoop();
      case 'referral': {
        const rest = await this.#parts.delegation.resolve(zoneAnswer, query, next);
        // RFC 1035 §4.1.1: AA speaks of the first owner name, which is in the packet when an alias led there.
        return cap({ ...rest, authoritative: chain.length > 0, answers: [...chain, ...rest.answers] });
      }
    }
  }

  async #follow(target: Name, query: Query, context: ResolveContext): Promise<RecordsAnswer> {
    if (context.aliasesFollowed > MAX_ALIASES) throw aliasLoop();
    const question = { ...query.question, name: target };
    context.trace?.tell({
      of: 'question',
      ...{ name: String(target), type: typeToText(question.type), why: 'alias' },
    });
    return toRecords(await this.#parts.follow.resolve({ ...query, question }, context));
  }

  /**
   * What an HTTPS or SVCB record in AliasMode leads to. RFC 9460 §4.2: resolvers "SHOULD help the client ... by
   * incorporating additional useful information into the Additional section". No failure in it is one of the answer, an
   * alias loop and a slow target included: then the answer goes out without, and the client asks for itself.
   */
  async #serviceAdditionals(
    answer: FoundAnswer,
    query: Query,
    context: ResolveContext,
  ): Promise<readonly ResourceRecord[]> {
    const alias = answer.serviceTargets.find(({ mode }) => mode === 'alias');
    if (alias === undefined || query.question.type === Type.ANY) return [];
    const next = { ...context, aliasesFollowed: context.aliasesFollowed + 1 };
    const following = this.#follow(alias.target, query, next).then(
      ({ answers, additionals }) => [...answers, ...additionals],
      (error: unknown) => {
        if (error instanceof ResolveError) return [];
        throw error;
      },
    );
    const found = await withTimeout(following, ADDITIONALS_MS, () => []);
    return fitting(withoutRepetitions(found, answer.records), [...answer.chain, ...answer.records]);
  }
}

/** The first of `records`, as many as fit into a datagram together with `answers`. */
function fitting(
  records: readonly ResourceRecord[],
  answers: readonly ResourceRecord[],
): readonly ResourceRecord[] {
  // Without compression, so that it is never too little.
  const lengthOf = ({ name, rdata }: ResourceRecord) => name.wireLength + 10 + rdata.length;
  let total = answers.reduce((sum, record) => sum + lengthOf(record), 0);
  const end = records.findIndex((record) => {
    total += lengthOf(record);
    return total > MAX_OCTETS;
  });
  return end < 0 ? records : records.slice(0, end);
}

/** `records` without those that occur earlier or in `before`: a loop of aliases passes by the same ones again. */
function withoutRepetitions(
  records: readonly ResourceRecord[],
  before: readonly ResourceRecord[],
): readonly ResourceRecord[] {
  const identity = ({ name, type, rdata }: ResourceRecord) =>
    `${name.key}${type} ${Buffer.from(rdata).toString('latin1')}`;
  const seen = new Set(before.map(identity));
  return records.filter((record) => {
    const isNew = !seen.has(identity(record));
    seen.add(identity(record));
    return isNew;
  });
}

function capTtls(answer: RecordsAnswer, seconds: number): RecordsAnswer {
  const cap = (record: ResourceRecord) => (record.ttl > seconds ? { ...record, ttl: seconds } : record);
  return {
    ...answer,
    answers: answer.answers.map(cap),
    authorities: answer.authorities.map(cap),
    additionals: answer.additionals.map(cap),
  };
}

function markStale(answer: RecordsAnswer): RecordsAnswer {
  const stale = {
    code: ExtendedErrorCode.STALE_ANSWER,
    text: 'Stale answer: the signed packet could not be refreshed.',
  };
  return { ...answer, extendedErrors: [stale, ...answer.extendedErrors] };
}
