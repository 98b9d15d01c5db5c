import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation } from '../../../src/async/cancellation.ts';
import { Rcode } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import type { Answer } from '../../../src/resolve/answer.ts';
import { ResolveError } from '../../../src/resolve/errors.ts';
import type { Query } from '../../../src/resolve/query.ts';
import { CaptivePortal } from '../../../src/resolve/special/captive-portal.ts';
import { MovableClock } from '../../support/movable-clock.ts';
import { forwarded, queryFor, records, toLines } from '../layers.ts';

const CHECK = 'check.example';
const chosenAnswer = (query: Query) => forwarded(query, { answers: records('check A 192.0.2.1') });
const portalAnswer = (query: Query) => forwarded(query, { answers: records('check 3600 A 10.0.0.1') });
const silent = new ResolveError('upstream-silent', 'No upstream answered.');

/** A portal in front of chosen upstreams and resolvers of the network that are played. */
function scene() {
  const clock = new MovableClock();
  const state = { hasAnswered: false, likely: 0, toNetwork: [] as string[] };
  let network = async (query: Query): Promise<Answer> => portalAnswer(query);
  let finish: { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void };
  const portal = new CaptivePortal({
    checks: [Name.parse(CHECK)],
    hasAnswered: () => state.hasAnswered,
    network: {
      resolve(query) {
        state.toNetwork.push(query.question.name.toString());
        return network(query);
      },
    },
    onLikely: () => {
      state.likely += 1;
    },
    clock,
  });
  const resolver = portal.layer({
    resolve: () =>
      new Promise((resolve, reject) => {
        finish = { resolve, reject };
      }),
  });
  return {
    ...{ portal, clock, state },
    ask(query = queryFor(CHECK), cancellation = new Cancellation()) {
      const answer = resolver.resolve(query, { cancellation, aliasesFollowed: 0 }).then(toLines);
      answer.catch(() => {});
      return answer;
    },
    chosenSays: (answer: Answer | Error) =>
      answer instanceof Error ? finish.reject(answer) : finish.resolve(answer),
    networkSays(says: (query: Query) => Promise<Answer>) {
      network = says;
    },
  };
}

/** Lets promises go on. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('when no chosen upstream answers a check within 2 s, the resolvers of the network are asked', async () => {
  const { ask, clock, state, portal } = scene();
  const answer = ask();
  await turn();
  clock.advance(1_999);
  await turn();
  assert.deepEqual(state.toNetwork, []);
  clock.advance(1);
  assert.deepEqual(await answer, ['NOERROR', 'check.example. 5 IN A 10.0.0.1']);
  assert.deepEqual([state.likely, portal.isLikely], [1, true]);
});

test('once a portal is likely, the next check does not wait, until a chosen upstream answers or the network changes', async () => {
  const { ask, clock, state, portal, chosenSays } = scene();
  ask();
  clock.advance(2_000);
  await turn();
  const second = ask();
  await turn();
  clock.advance(0);
  assert.deepEqual((await second)[1], 'check.example. 5 IN A 10.0.0.1');
  assert.equal(state.likely, 1);

  state.hasAnswered = true;
  assert.equal(portal.isLikely, false);
  const third = ask();
  chosenSays(chosenAnswer(queryFor(CHECK)));
  assert.deepEqual((await third)[1], 'check.example. 600 IN A 192.0.2.1');

  state.hasAnswered = false;
  portal.networkChanged();
  assert.equal(portal.isLikely, false);
  const before = state.toNetwork.length;
  ask();
  await turn();
  clock.advance(1_900);
  await turn();
  assert.equal(state.toNetwork.length, before);
});

test('no other name and no other type goes to the network, whatever chosen upstreams do', async () => {
  const { ask, clock, state } = scene();
  for (const query of [queryFor('www.check.example'), queryFor('example'), queryFor(CHECK, 'TXT')]) {
    ask(query);
    await turn();
    clock.advance(10_000);
    await turn();
  }
  assert.deepEqual(state.toNetwork, []);
});

test('a chosen upstream that fails at once is not taken for an answer, and one that answers late wins over nothing', async () => {
  const { ask, clock, chosenSays, networkSays, portal } = scene();
  networkSays(async () => {
    throw silent;
  });
  const failing = ask();
  await turn();
  chosenSays(silent);
  clock.advance(2_000);
  await assert.rejects(failing, silent);

  networkSays(async (query) => forwarded(query, { rcode: Rcode.NXDOMAIN }));
  const late = ask();
  await turn();
  clock.advance(2_000);
  await turn();
  chosenSays(chosenAnswer(queryFor(CHECK)));
  assert.deepEqual((await late)[1], 'check.example. 600 IN A 192.0.2.1');
  assert.equal(portal.isLikely, false);
});

test('a client that is gone is not waited for, and its check is not asked of the network', async () => {
  const { ask, clock, state, chosenSays } = scene();
  const cancellation = new Cancellation();
  const answer = ask(queryFor(CHECK), cancellation);
  await turn();
  cancellation.cancel(silent);
  chosenSays(silent);
  await assert.rejects(answer, silent);
  clock.advance(5_000);
  assert.deepEqual([state.toNetwork, clock.waiting], [[], 0]);
});
