import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../../src/cli/commands.ts';
import { commandOutputs } from '../../tools/documents/json/commands.ts';
import { isObject, objectsIn, type Shape, unitOf } from '../../tools/documents/json/description.ts';
import { jsonPage } from '../../tools/documents/json/page.ts';
import { error } from '../../tools/documents/json/shared-objects.ts';
import { root } from '../support/installed-package.ts';
import { JsonWitness } from '../support/json-witness.ts';

const outputs = commandOutputs.flatMap((of) => of.outputs.map(({ object }) => object));
const objects = [...objectsIn([error, ...outputs])];

test('docs/json.md is what is described; node dist/tools/build-json-page.js writes it', () => {
  assert.equal(readFileSync(join(root, 'docs', 'json.md'), 'utf8'), jsonPage());
});

test('every command with --json is described, in the order of help', async () => {
  const loaded = await Promise.all(commands.map(({ load }) => load()));
  const withJson = loaded.filter(({ flags }) => flags.some(({ name }) => name === 'json'));
  assert.deepEqual(
    commandOutputs.map(({ command }) => command),
    withJson.map(({ name }) => name),
  );
});

test('a name of JSON means one kind of value in all commands', () => {
  const kinds = new Map<string, Map<string, string>>();
  for (const { title, fields } of objects)
    for (const [name, { shape }] of Object.entries(fields))
      kinds.set(name, (kinds.get(name) ?? new Map()).set(kindOf(shape), title));
  const several = [...kinds].filter(([, of]) => of.size > 1);
  assert.deepEqual(
    several.map(([name, of]) => [name, Object.fromEntries(of)]),
    [],
  );
});

test('no two objects have one title', () => {
  assert.equal(new Set(objects.map(({ title }) => title)).size, objects.length);
});

test('numbers with a unit have it in their name, no other has it there, and what is true or false begins with is', () => {
  for (const { title, fields } of objects)
    for (const [name, { shape }] of Object.entries(fields)) {
      const unit = typeof shape === 'string' ? unitOf[shape as 'ms'] : undefined;
      if (unit !== undefined) assert.match(name, unit, title);
      else
        assert.doesNotMatch(name, /(?:Ms|Seconds|Bytes|Octets|Milliseconds)$|^(?:ms|seconds|bytes)$/, title);
      // A word of DNS.
      const isFlag = shape === 'boolean' && name !== 'authenticData';
      assert.equal(/^is[A-Z]/.test(name), isFlag, `${title}.${name}`);
      if (shape === 'date') assert.match(name, /^(?:date|firstSeen|not(?:Before|After))$|At$/, title);
    }
});

/** Text is one kind, whichever words it has; objects are, and lists of them. */
function kindOf(shape: Shape): string {
  if (typeof shape === 'string') return shape === 'path' ? 'text' : shape;
  if (isObject(shape)) return 'object';
  if ('words' in shape) return 'text';
  return 'list' in shape ? `list of ${kindOf(shape.list)}` : `map of ${kindOf(shape.map)}`;
}

test('who holds values to their description tells a field that is not described, one that is missing, and another kind of value', () => {
  const witness = new JsonWitness();
  const good = { schema: 1, error: 'No.', exitCode: 1 };
  witness.hold(good, error);
  assert.deepEqual(witness.unseen([error]), ['Error.problems', 'Problem.where', 'Problem.message']);
  for (const bad of [
    { ...good, more: 1 },
    { schema: 1, error: 'No.' },
    { ...good, schema: 2 },
    { ...good, exitCode: '1' },
    { ...good, details: null },
    { ...good, problems: [{ where: 'here' }] },
    { ...good, problems: {} },
  ])
    assert.throws(() => witness.hold(bad, error), { name: 'AssertionError' }, JSON.stringify(bad));
});
