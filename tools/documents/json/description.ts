/**
 * What a value of the JSON that commands write can be. Numbers with a unit have it in their name: see `unitOf`.
 *
 * - `count`: a whole number, not below 0. `number`: any other without a unit. `share`: one from 0 to 1.
 * - `ms`, `seconds`, `bytes`: numbers with a unit, of which bytes are whole.
 * - `date`: UTC, ISO 8601. `timestamp`: µs since 1970 as digits. `key`: 52 characters of z-base-32. `hex`: hexadecimal digits.
 * - `path`: of a file or a directory.
 */
export type Scalar =
  | 'text'
  | 'boolean'
  | 'count'
  | 'number'
  | 'share'
  | 'ms'
  | 'seconds'
  | 'bytes'
  | 'date'
  | 'timestamp'
  | 'key'
  | 'hex'
  | 'path';

/** One value: a scalar, one of some words, an object, a list, a map, or what is not described further. */
export type Shape =
  | Scalar
  | 'anything'
  | { readonly words: readonly string[] }
  | { readonly list: Shape }
  /** An object whose names are not fixed; `of` says what they are. */
  | { readonly map: Shape; readonly of: string }
  | JsonObject;

/** An object with a name in the documentation. */
export interface JsonObject {
  readonly title: string;
  /** What it is, as a sentence. */
  readonly means: string;
  readonly fields: Readonly<Record<string, Field>>;
}

/** A field of an object. */
export interface Field {
  readonly shape: Shape;
  /** As a sentence, or several. */
  readonly means: string;
  /** Whether it may be absent. */
  readonly isOptional: boolean;
}

/** What a command writes in one situation. */
export interface Output {
  /** When it is written, to follow "With" or "Without" or a dash: `several TYPEs`; empty for always. */
  readonly when: string;
  readonly object: JsonObject;
  /** Whether it is one of many, each in a line. */
  readonly isLine: boolean;
}

/** Everything that a command writes with `--json`, but for errors. */
export interface CommandOutputs {
  readonly command: string;
  readonly outputs: readonly Output[];
}

/** An object, whose fields are written `name: [shape, sentence]`; `name?` may be absent. */
export function object(
  title: string,
  means: string,
  fields: Readonly<Record<string, readonly [Shape, string]>>,
): JsonObject {
  const read = Object.entries(fields).map(([written, [shape, sentence]]): [string, Field] => {
    const isOptional = written.endsWith('?');
    const name = isOptional ? written.slice(0, -1) : written;
    return [name, { shape, means: sentence, isOptional }];
  });
  return { title, means, fields: Object.fromEntries(read) };
}

/** The fields of another object, to be spread into one. */
export function fieldsOf(other: JsonObject): Readonly<Record<string, readonly [Shape, string]>> {
  return Object.fromEntries(
    Object.entries(other.fields).map(([name, { shape, means, isOptional }]) => [
      isOptional ? `${name}?` : name,
      [shape, means],
    ]),
  );
}

/** A list of equal things. */
export function list(of: Shape): Shape {
  return { list: of };
}

/** An object with names that are not fixed. */
export function map(shape: Shape, of: string): Shape {
  return { map: shape, of };
}

/** One of some words. */
export function oneOf(...words: readonly string[]): Shape {
  return { words };
}

/** The end of the name of a number with a unit; also the whole name where the unit is all that is to be said. */
export const unitOf: Readonly<Partial<Record<Scalar, RegExp>>> = {
  ms: /Ms$/,
  // The word that everybody has for it.
  seconds: /Seconds$|^ttl$/,
  bytes: /Bytes$|^bytes$/,
};

/** Whether a shape is an object with fixed names. */
export function isObject(shape: Shape): shape is JsonObject {
  return typeof shape === 'object' && 'fields' in shape;
}

/** These objects and all that are inside of them, each once, before what is inside of it. */
export function objectsIn(objects: readonly JsonObject[]): ReadonlySet<JsonObject> {
  const all = new Set<JsonObject>();
  const visit = (shape: Shape): void => {
    if (typeof shape === 'string' || 'words' in shape) return;
    if (isObject(shape)) {
      if (all.has(shape)) return;
      all.add(shape);
      for (const field of Object.values(shape.fields)) visit(field.shape);
    } else visit('list' in shape ? shape.list : shape.map);
  };
  for (const object of objects) visit(object);
  return all;
}
