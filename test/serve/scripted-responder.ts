import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { type Answer, recordsAnswer } from '../../src/resolve/answer.ts';
import { everybody } from '../../src/serve/clients/access-list.ts';
import { unlimited } from '../../src/serve/clients/rate-limit.ts';
import { Responder } from '../../src/serve/responder.ts';
import { aRecord } from '../support/packets.ts';

/** A responder, and what releases its answers for names that begin with `slow`, the oldest first. */
export interface ScriptedResponder {
  readonly responder: Responder;
  readonly held: ((answer: Answer) => void)[];
}

/** Answers every name with one address, those that begin with `big` with 3,000, and `slow` ones when the test says so. */
export function scriptedResponder(): ScriptedResponder {
  const held: ((answer: Answer) => void)[] = [];
  const responder = new Responder({
    resolver: {
      resolve: ({ question: { name } }) =>
        name.labels[0]?.startsWith('slow')
          ? new Promise((resolve) => held.push(resolve))
          : Promise.resolve(
              recordsAnswer({
                answers: Array.from({ length: name.labels[0] === 'big' ? 3000 : 1 }, (_, i) =>
                  aRecord(name.toString(), `192.0.${i >> 8}.${i & 255}`),
                ),
              }),
            ),
    },
    cache: new AnswerCache({ maxBytes: 1_000_000, maxStale: 86_400, now: () => performance.now() }),
    access: everybody,
    rate: unlimited,
    cameBackFrom: () => undefined,
    onLoop: () => {},
    trustAuthenticData: false,
    now: () => performance.now(),
    onBug: (error) => {
      throw error;
    },
  });
  return { responder, held };
}
