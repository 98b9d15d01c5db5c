import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Handlers, Link } from '../../src/workers/link.ts';
import { peerPair } from './link-pair.ts';

type SomeCalls = {
  readonly double: { readonly in: number; readonly out: number };
  readonly hang: { readonly in: undefined; readonly out: undefined };
  readonly note: { readonly in: string };
};

function pair(handlers: Partial<Handlers<SomeCalls>>) {
  const [here, there] = peerPair();
  const all: Handlers<SomeCalls> = {
    double: (n) => n * 2,
    hang: () => new Promise(() => {}),
    note: () => {},
    ...handlers,
  };
  const other = new Link<Record<never, never>, SomeCalls>(there, all);
  return { link: new Link<SomeCalls, Record<never, never>>(here, {}), other };
}

test('answers find their questions, in whatever order they come', async () => {
  const { link } = pair({ double: async (n) => sleep(20 - n, n * 2) });
  assert.deepEqual(await Promise.all([1, 10, 5].map((n) => link.ask('double', n))), [2, 20, 10]);
});

test('what is told and asked is taken in that order', async () => {
  const seen: string[] = [];
  const { link } = pair({
    note: (text) => seen.push(text),
    double: (n) => {
      seen.push(String(n));
      return n;
    },
  });
  link.tell('note', 'first');
  const answer = link.ask('double', 2);
  link.tell('note', 'third');
  await answer;
  await new Promise(setImmediate);
  assert.deepEqual(seen, ['first', '2', 'third']);
});

test('a failure of the other side is a LinkError that says what failed, and breaks nothing', async () => {
  const { link } = pair({
    double: (n) => {
      if (n === 1) throw new RangeError('one is odd');
      return n;
    },
    note: () => {
      throw new Error('nobody hears of this');
    },
  });
  await assert.rejects(link.ask('double', 1), { name: 'LinkError', message: /RangeError: one is odd/ });
  link.tell('note', '');
  assert.equal(await link.ask('double', 2), 2);
});

test('a wait that is given up ends the work for it', async () => {
  const given = new AbortController();
  let ended: unknown;
  const { link } = pair({
    hang: (_, signal) =>
      new Promise(() => signal.addEventListener('abort', () => (ended = signal.reason), { once: true })),
  });
  const asked = link.ask('hang', undefined, given.signal);
  setTimeout(() => given.abort(new Error('enough')), 5);
  await assert.rejects(asked, { message: 'enough' });
  await sleep(20);
  assert.equal((ended as Error).name, 'LinkError');
});

test('when the other side is gone, what waits for it fails, what it waits for ends, and nothing more is asked', async () => {
  let signalOfTheirs: AbortSignal | undefined;
  const { link, other } = pair({
    hang: (_, signal) => {
      signalOfTheirs = signal;
      return new Promise(() => {});
    },
  });
  const asked = link.ask('hang', undefined);
  await sleep(5);
  link.close('it ended');
  other.close('it ended');
  await assert.rejects(asked, { name: 'LinkError', message: 'it ended' });
  assert.equal(signalOfTheirs?.aborted, true);
  await assert.rejects(link.ask('double', 1), { message: 'it ended' });
  link.tell('note', 'to nobody');
});
