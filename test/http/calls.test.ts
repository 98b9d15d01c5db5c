import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LookupError } from '../../src/gateway/lookups.ts';
import { CallAnswers } from '../../src/http/calls/answer-calls.ts';
import type { Call } from '../../src/http/calls/call.ts';
import { RemoteCalls } from '../../src/http/calls/remote-calls.ts';
import { SharedStream } from '../../src/http/calls/shared-stream.ts';

type Table = {
  readonly double: Call<number, number>;
  readonly fail: Call<'lookup' | 'bug', never>;
  /** Pushes until it is cancelled. */
  readonly ticks: Call<undefined, never, number>;
  readonly wait: Call<undefined, never>;
};

/** Both ends of the calls, with nothing between them but a turn of the loop, as between threads. */
function scene() {
  const bugs: unknown[] = [];
  const running = { ticks: 0, started: 0 };
  let push: (part: number) => void = () => {};
  const untilCancelled = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const table: Table = {
    double: async (number) => 2 * number,
    async fail(how) {
      throw how === 'lookup' ? new LookupError('offline', 'nobody is there') : new Error('a bug');
    },
    async ticks(_, context) {
      running.ticks++;
      running.started++;
      push = (part) => context.push(part);
      try {
        return await untilCancelled(context.signal);
      } finally {
        running.ticks--;
      }
    },
    wait: (_, { signal }) => untilCancelled(signal),
  };
  const answers: CallAnswers<Table> = new CallAnswers(
    table,
    (message) => {
      const { kind } = message;
      if (kind === 'part' || kind === 'result' || kind === 'failed')
        setImmediate(() => calls.receive(message));
    },
    (error) => bugs.push(error),
  );
  const calls = new RemoteCalls<Table>((message) =>
    setImmediate(() => {
      if (message.kind === 'call') answers.take(message);
      else if (message.kind === 'cancel') answers.cancel(message.call);
    }),
  );
  return { bugs, running, answers, calls, tick: (part: number) => push(part) };
}

const never = new AbortController().signal;

/** Lets what crosses between the threads arrive. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

test('a call has its answer, and a failure crosses with its kind and its sentence', async () => {
  const { calls, bugs } = scene();
  assert.equal(await calls.ask('double', 21, never), 42);
  await assert.rejects(calls.ask('fail', 'lookup', never), { kind: 'offline', message: 'nobody is there' });
  assert.deepEqual(bugs, []);
  await assert.rejects(calls.ask('fail', 'bug', never), { kind: 'internal' });
  assert.match(String(bugs[0]), /a bug/);
});

test('too many calls of one name are refused, and those of another name are not', async () => {
  const { calls, answers } = scene();
  const waiting = Array.from({ length: 300 }, () => calls.ask('wait', undefined, never));
  const outcomes = waiting.map((one) => one.catch((error: LookupError) => error.kind));
  await settle();
  assert.equal(await Promise.race([outcomes[299], settle()]), 'busy');
  assert.equal(await calls.ask('double', 1, never), 2);
  answers.cancelAll();
});

test('a call that is cancelled ends on both sides', async () => {
  const { calls, running } = scene();
  const stop = new AbortController();
  const call = calls.ask('ticks', undefined, stop.signal);
  await settle();
  assert.equal(running.ticks, 1);
  stop.abort(new Error('gone'));
  await assert.rejects(call, /gone/);
  await settle();
  assert.equal(running.ticks, 0);
  await assert.rejects(calls.ask('ticks', undefined, stop.signal), /gone/);
});

test('a stream is made once for all who listen, and only while somebody does', async () => {
  const { calls, running, tick, bugs } = scene();
  const stream = new SharedStream<number>(
    (signal, push) => calls.ask('ticks', undefined, signal, push),
    (error) => bugs.push(error),
  );
  const heard: string[] = [];
  const listen = (name: string) =>
    stream.listen({ part: (part) => heard.push(`${name} ${part}`), end: () => heard.push(`${name} ended`) });
  const leave = [listen('a'), listen('b')];
  await settle();
  tick(1);
  await settle();
  leave.push(listen('late'));
  assert.deepEqual([heard, running], [['a 1', 'b 1', 'late 1'], { ticks: 1, started: 1 }]);
  leave[0]?.();
  tick(2);
  await settle();
  assert.deepEqual(heard.splice(0).slice(3), ['b 2', 'late 2']);
  for (const one of leave) one();
  await settle();
  assert.equal(running.ticks, 0);
  listen('again');
  await settle();
  assert.deepEqual([running, heard], [{ ticks: 1, started: 2 }, []]);
});

test('a stream that cannot go on is over for all who listen', async () => {
  const { calls, bugs } = scene();
  const stream = new SharedStream<number>(
    (signal) => calls.ask('fail', 'lookup', signal),
    (error) => bugs.push(error),
  );
  let ended = 0;
  for (let one = 0; one < 2; one++) stream.listen({ part: () => {}, end: () => ended++ });
  await settle();
  assert.deepEqual([ended, bugs], [2, []]);
});
