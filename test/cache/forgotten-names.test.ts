import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ForgottenNames } from '../../src/cache/forgotten-names.ts';
import { Name } from '../../src/dns/name.ts';

const key = (name: string) => Name.parse(name).key;

test('what is older than the generation in which its name was forgotten is outdated, and nothing else', () => {
  const names = new ForgottenNames();
  assert.ok(names.isQuietSince(0));
  names.add(key('b.example'), 5);
  names.add(key('test'), 7);
  assert.deepEqual(
    [4, 5, 6, 7].map((made) => names.covers(key('b.example'), made)),
    [true, false, false, false],
  );
  assert.deepEqual(
    [6, 7].map((made) => names.covers(key('a.test'), made)),
    [true, false],
  );
  assert.deepEqual(
    [6, 7].map((made) => names.isQuietSince(made)),
    [false, true],
  );
  for (const name of ['example', 'xb.example', 'b.example.org', '.'])
    assert.equal(names.covers(key(name), 0), false, name);
  names.add(key('.'), 9);
  assert.ok(names.covers(key('anything.else'), 8));
  assert.ok(names.covers(key('.'), 8));
});

test('a bounded number of names is remembered, and what may be outdated then counts as outdated', () => {
  const names = new ForgottenNames();
  names.add(key('first'), 1);
  names.add(key('second'), 2);
  for (let i = 3; i <= 4096; i++) names.add(key(`n${i}`), i);
  // Forgotten again, it is no longer the oldest.
  names.add(key('first'), 4097);
  assert.equal(names.covers(key('never'), 1), false);
  names.add(key('one.more'), 4098);
  assert.ok(names.covers(key('never'), 1), 'it may be below "second"');
  assert.equal(names.covers(key('never'), 2), false);
  assert.ok(names.covers(key('first'), 4096), 'and this one is remembered');
  for (let i = 0; i < 10; i++) names.add(key(`more${i}`), 4099 + i);
  assert.ok(names.covers(key('never'), 11));
  assert.equal(names.covers(key('never'), 12), false);
});
