import assert from 'node:assert/strict';
import {
  isObject,
  type JsonObject,
  objectsIn,
  type Scalar,
  type Shape,
} from '../../tools/documents/json/description.ts';

/** Holds what commands write to its description, and remembers which fields were there. */
export class JsonWitness {
  readonly #seen = new Set<string>();

  /** Fails with everything in which a value is not as it is described. */
  hold(value: unknown, object: JsonObject): void {
    const { schema, ...rest } = value as { readonly schema?: unknown };
    assert.equal(schema, 1, 'The version comes with every object.');
    const faults = this.#object(rest, object, object.title);
    assert.deepEqual(faults, [], JSON.stringify(value, undefined, 2).slice(0, 5000));
  }

  /** Fields that are described and were never there, as `Title.field`. */
  unseen(objects: readonly JsonObject[]): readonly string[] {
    return [...objectsIn(objects)].flatMap((object) =>
      Object.keys(object.fields)
        .map((field) => `${object.title}.${field}`)
        .filter((field) => !this.#seen.has(field)),
    );
  }

  #object(value: unknown, { title, fields }: JsonObject, at: string): readonly string[] {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at} is no object`];
    const unknown = Object.keys(value).filter((name) => !Object.hasOwn(fields, name));
    const faults = unknown.map((name) => `${at}.${name} is not described`);
    const found: Readonly<Record<string, unknown>> = { ...value };
    for (const [name, { shape, isOptional }] of Object.entries(fields)) {
      if (!Object.hasOwn(found, name)) {
        if (!isOptional) faults.push(`${at}.${name} is missing`);
        continue;
      }
      this.#seen.add(`${title}.${name}`);
      faults.push(...this.#shape(found[name], shape, `${at}.${name}`));
    }
    return faults;
  }

  #shape(value: unknown, shape: Shape, at: string): readonly string[] {
    if (shape === 'anything') return [];
    if (typeof shape === 'string')
      return isScalar[shape](value) ? [] : [`${at} is not ${shape}: ${JSON.stringify(value)}`];
    if (isObject(shape)) return this.#object(value, shape, at);
    if ('words' in shape)
      return shape.words.some((word) => word === value) ? [] : [`${at} has another word: ${value}`];
    if ('list' in shape) {
      if (!Array.isArray(value)) return [`${at} is no list`];
      return value.flatMap((one: unknown, index) => this.#shape(one, shape.list, `${at}[${index}]`));
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${at} is no map`];
    return Object.entries(value).flatMap(([name, one]) => this.#shape(one, shape.map, `${at}.${name}`));
  }
}

const isText = (value: unknown, pattern: RegExp) => typeof value === 'string' && pattern.test(value);
const isNumber = (value: unknown): value is number =>
  typeof value === 'number' && Math.round(value * 1000) / 1000 === value;
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

/** What each scalar looks like. */
const isScalar: Readonly<Record<Scalar, (value: unknown) => boolean>> = {
  text: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  count: isCount,
  number: isNumber,
  share: (value) => isNumber(value) && value >= 0 && value <= 1,
  ms: isNumber,
  seconds: isNumber,
  bytes: isCount,
  date: (value) => isText(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z$/),
  timestamp: (value) => isText(value, /^\d{16}$/),
  key: (value) => isText(value, /^[ybndrfg8ejkmcpqxot1uwisza345h769]{52}$/),
  hex: (value) => isText(value, /^(?:[0-9a-f]{2})+$/),
  path: (value) => isText(value, /./),
};
