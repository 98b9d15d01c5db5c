import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorPlace, errorText } from '../../src/observe/error-text.ts';
import { describeInternalError } from '../../src/observe/internal-error.ts';
import { InternalErrors } from '../../src/observe/internal-errors.ts';
import { type LogFields, silentLog } from '../../src/observe/log.ts';

/** The last line of defence, with time that the test moves. */
function scene() {
  let time = 0;
  const told: { readonly message: string; readonly fields: LogFields }[] = [];
  const ended: string[] = [];
  const errors = new InternalErrors({
    log: { ...silentLog, error: (message, fields = {}) => told.push({ message, fields }) },
    now: () => time,
    onTooMany: () => ended.push('in order'),
    onFatal: () => ended.push('at once'),
  });
  return { errors, told, ended, pass: (ms: number) => (time += ms) };
}

const failing = (message = 'a bug') => new Error(message);

test('errors are counted by kind, part and place, the most frequent first', () => {
  const { errors, told, pass } = scene();
  const [one, other] = [failing(), failing()];
  errors.report('exception', one);
  pass(2_000);
  for (const _ of [1, 2]) errors.report('rejection', other);
  errors.take(describeInternalError('exception', 'worker', one));
  pass(1_000);
  const place = errorPlace(one);
  assert.deepEqual(
    errors.status().map(({ kind, part, count, agoSeconds }) => [kind, part, count, agoSeconds]),
    [
      ['rejection', 'main', 2, 1],
      ['exception', 'main', 1, 3],
      ['exception', 'worker', 1, 1],
    ],
  );
  assert.equal(errors.status()[1]?.place, place);
  assert.match(place, /\(?internal-errors\.test\.(?:js|ts):\d+\)?$/);
  assert.equal(told.length, 4);
  const { error } = told[0]?.fields ?? {};
  assert.match(String(error), /^Error: a bug\n +at /);
});

test('more than twenty uncaught errors of the main process in a minute end the program in order, once', () => {
  const { errors, ended, pass } = scene();
  for (let i = 0; i < 20; i++) errors.report('exception', failing());
  pass(60_000);
  for (let i = 0; i < 20; i++) errors.report('rejection', failing());
  // What was caught, and what ended another part of the program, says nothing of this process.
  for (let i = 0; i < 50; i++) {
    errors.report('query', failing());
    errors.report('publication', failing());
    errors.take(describeInternalError('exception', 'dht', failing()));
  }
  assert.deepEqual(ended, []);
  for (let i = 0; i < 5; i++) errors.report('exception', failing());
  assert.deepEqual(ended, ['in order']);
});

test('errors that queries meet have five lines a minute, and the next line says how many were left out', () => {
  const { errors, told, pass } = scene();
  const error = failing();
  for (let i = 0; i < 12; i++) errors.report('query', error);
  pass(60_000);
  errors.report('query', error);
  assert.deepEqual(
    told.map(({ fields: { leftOut } }) => leftOut),
    [0, 0, 0, 0, 0, 7],
  );
  assert.equal(errors.status()[0]?.count, 13);
});

test('a lack of memory and a failed invariant end the program at once, however they came to light', () => {
  const invariant = Object.assign(failing('an older packet'), { name: 'InvariantError' });
  const fatal = [
    new RangeError('Array buffer allocation failed'),
    new RangeError('Out of memory'),
    Object.assign(failing('Failed to allocate memory'), { code: 'ERR_MEMORY_ALLOCATION_FAILED' }),
    invariant,
  ];
  for (const error of fatal) {
    const { errors, told, ended } = scene();
    errors.report('query', error);
    assert.deepEqual([ended, told.length], [['at once'], 1]);
    assert.match(told[0]?.message ?? '', /The program ends/);
  }
  const { errors, ended } = scene();
  errors.take(describeInternalError('exception', 'worker', invariant));
  errors.report('exception', new RangeError('Maximum call stack size exceeded'));
  assert.deepEqual(ended, []);
});

test('of ever new places a hundred are counted one by one', () => {
  const { errors } = scene();
  for (let i = 0; i < 300; i++) {
    errors.take({ kind: 'query', part: 'main', place: `place ${i}`, text: '', isFatal: false });
  }
  const status = errors.status();
  assert.deepEqual([status.length, status[0]?.place, status[0]?.count], [101, 'elsewhere', 200]);
});

test('whatever is thrown has a text and a place', () => {
  const hostile = Object.defineProperty(failing(), 'stack', {
    get() {
      throw failing();
    },
  });
  for (const thrown of [undefined, null, 1, 'text', {}, Object.create(null), hostile, Symbol('x')]) {
    assert.equal(typeof errorText(thrown), 'string');
    assert.equal(errorPlace(thrown), 'unknown');
  }
  const long = Object.assign(failing(), { stack: 'x'.repeat(1e6) });
  assert.ok(errorText(long).length < 10_000);
});

test('the place is the first frame that is not the runtime itself', () => {
  const stack = [
    'Error: read ECONNRESET',
    '    at TCP.onStreamRead (node:internal/stream_base_commons:218:20)',
    '    at Forwarder.#ask (file:///opt/pkarrd/dist/program/parts/forwarder.js:112:7)',
  ];
  assert.equal(
    errorPlace(Object.assign(failing(), { stack: stack.join('\n') })),
    'Forwarder.#ask (forwarder.js:112)',
  );
  const runtime = stack.slice(0, 2).join('\n');
  assert.equal(
    errorPlace(Object.assign(failing(), { stack: runtime })),
    'TCP.onStreamRead (stream_base_commons:218)',
  );
  const anonymous = 'Error: x\n    at /opt/pkarrd/dist/program/main.js:3:56';
  assert.equal(errorPlace(Object.assign(failing(), { stack: anonymous })), 'main.js:3');
});

test('what was thrown cannot harm by its own getters: it is counted like any other', () => {
  for (const field of ['name', 'message', 'stack', 'code']) {
    const { errors, ended } = scene();
    const error = Object.defineProperty(new RangeError('a bug'), field, {
      get() {
        throw new Error('a getter');
      },
    });
    errors.report('rejection', error);
    assert.equal(errors.status()[0]?.count, 1, field);
    assert.deepEqual(ended, [], field);
  }
});
