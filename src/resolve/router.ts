import { Rcode, Type } from '../dns/codes.ts';
import { ExtendedErrorCode } from '../dns/extended-error.ts';
import { Name } from '../dns/name.ts';
import { syntheticSoa } from '../dns/soa.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { classifyLabel, hasKeyText, refusalToText } from '../pkarr/public-key.ts';
import { type Answer, recordsAnswer } from './answer.ts';
import type { Query, ResolveContext, Resolver } from './query.ts';
import { answerProbe, PROBE_LABEL } from './special/probe.ts';

/** Where questions can go. */
export interface Routes {
  /** Names whose last label is a public key. */
  readonly pkarr: {
    resolve(key: PublicKey, query: Query, context: ResolveContext): Promise<Answer>;
  };
  /** Every other name. */
  readonly ordinary: Resolver;
  /** Seconds that clients may cache that a label is not a valid key. */
  readonly negativeTtl: number;
}

/** Routes each question by the last label of its name. */
export function createRouter(routes: Routes): Resolver {
  return {
    async resolve(query, context) {
      const { name, type } = query.question;
      const text = name.labels.at(-1) ?? '';
      const label = classifyLabel(text);
      switch (label.kind) {
        case 'key':
          return await routes.pkarr.resolve(label.key, query, context);
        case 'refused':
          if (label.text === PROBE_LABEL) {
            context.trace?.tell({ of: 'probe' });
            return answerProbe(query);
          }
          return noSuchKey(label.text, refusalToText(label.reason), routes.negativeTtl, context);
        case 'not-a-key':
          if (hasKeyText(text))
            return noSuchKey(
              text,
              'the label has other characters around a key',
              routes.negativeTtl,
              context,
            );
          if (type !== Type.ANY) return await routes.ordinary.resolve(query, context);
          context.trace?.tell({ of: 'any' });
          return minimalAny(name);
      }
    },
  };
}

/**
 * A label that looks like a key but is not a valid one exists nowhere. It is answered here and never sent upstream:
 * whoever typed it meant a key, and which one is nobody else's business.
 */
function noSuchKey(label: string, why: string, negativeTtl: number, { trace }: ResolveContext): Answer {
  trace?.tell({ of: 'bad-key', text: why });
  return recordsAnswer({
    rcode: Rcode.NXDOMAIN,
    authorities: [syntheticSoa(Name.fromLabels([label]), 0, negativeTtl)],
    extendedErrors: [{ code: ExtendedErrorCode.OTHER, text: `Not a valid public key: ${why}.` }],
  });
}

/**
 * RFC 8482 §4.2: "a single HINFO resource record SHOULD be returned. The CPU field of the HINFO RDATA SHOULD be set to
 * "RFC8482" ... The OS field of the HINFO RDATA SHOULD be set to the null string". No upstream is asked.
 */
function minimalAny(name: Name): Answer {
  const cpu = Buffer.from('\x07RFC8482\0', 'latin1');
  return recordsAnswer({
    authoritative: false,
    // §4.2 wants a TTL "large enough to suppress frequent subsequent ANY queries from the same initiator".
    answers: [{ name, type: Type.HINFO, class: 1, ttl: 3600, rdata: Uint8Array.from(cpu) }],
  });
}
