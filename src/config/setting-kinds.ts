/** The result of parsing a value. */
export type Reading<T> =
  | { readonly ok: true; readonly value: T }
  /**
   * `refused`: the value, or each element of a list, that is not valid; at least one. `fields`: of a table, the field that each
   * of them stands in. `reasons`: why each is refused, as a clause, where not all that is accepted is worth saying.
   */
  | {
      readonly ok: false;
      readonly refused: readonly unknown[];
      readonly fields?: readonly string[];
      readonly reasons?: readonly string[];
    };

/** A kind of setting: how its values are written in a file, a variable or a flag, and which are valid. */
export interface Kind<T> {
  /** The placeholder of a value in help: `ADDRESS:PORT`. */
  readonly placeholder: string;
  /** What is valid, to follow the word "expected". */
  readonly accepts: string;
  /** True when a flag may be repeated and a variable may hold several words. */
  readonly isList: boolean;
  /** Whether its text is a path: as the value of a flag it may be relative to the current directory. */
  readonly isPath?: true;
  /** Parses a string or a value of a TOML file; also an array if `isList`. */
  read(raw: unknown): Reading<T>;
  /** The value in a form that `read` accepts. */
  toText(value: T): string;
}

/** Bounds of a number, both included. */
export interface Bounds {
  readonly least: number;
  readonly most: number;
}

const BYTES: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  // What `bytesToText` writes, so that the output can be used as input.
  ['bytes', 1],
  ['k', 1e3],
  ['kb', 1e3],
  ['m', 1e6],
  ['mb', 1e6],
  ['g', 1e9],
  ['gb', 1e9],
  ['kib', 2 ** 10],
  ['mib', 2 ** 20],
  ['gib', 2 ** 30],
]);

const SECONDS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
]);

/** A whole number of octets: `16777216`, `16 MB`, `16MiB`. */
export function bytes(bounds: Bounds): Kind<number> {
  const accepts = `a size from ${bytesToText(bounds.least)} to ${bytesToText(bounds.most)}, such as 16 MB`;
  return quantity({ placeholder: 'SIZE', accepts, units: BYTES, toText: bytesToText }, bounds);
}

/** A whole number of seconds: `300`, `5m`, `1d`. */
export function seconds(bounds: Bounds): Kind<number> {
  const accepts = `a time from ${secondsToText(bounds.least)} to ${secondsToText(bounds.most)}, such as 300, 5m or 1d`;
  return quantity({ placeholder: 'TIME', accepts, units: SECONDS, toText: secondsToText }, bounds);
}

/** A whole number. */
export function count(bounds: Bounds): Kind<number> {
  const accepts = `a whole number from ${bounds.least} to ${bounds.most}`;
  return quantity({ placeholder: 'N', accepts, units: new Map([['', 1]]), toText: String }, bounds);
}

/** `on` or `off`; in a file also `true` and `false`. */
export function onOff(): Kind<boolean> {
  const words = new Map([
    ...['on', 'yes', 'true', '1'].map((word) => [word, true] as const),
    ...['off', 'no', 'false', '0'].map((word) => [word, false] as const),
  ]);
  return {
    placeholder: 'on|off',
    accepts: 'on or off',
    isList: false,
    read: (raw) => {
      const value = typeof raw === 'boolean' ? raw : words.get(wordOf(raw).toLowerCase());
      return value === undefined ? refuse(raw) : accept(value);
    },
    toText: (value) => (value ? 'on' : 'off'),
  };
}

/** One of several keywords. */
export function choice<const T extends string>(words: readonly T[]): Kind<T> {
  return {
    placeholder: words.join('|'),
    accepts: `one of ${words.join(', ')}`,
    isList: false,
    read: (raw) => {
      const value = words.find((word) => word === raw);
      return value === undefined ? refuse(raw) : accept(value);
    },
    toText: (value) => value,
  };
}

/** Text in a form that `parse` accepts. */
export function text<T>(form: {
  readonly placeholder: string;
  readonly accepts: string;
  readonly parse: (text: string) => T | undefined;
  readonly toText: (value: T) => string;
}): Kind<T> {
  return {
    placeholder: form.placeholder,
    accepts: form.accepts,
    isList: false,
    read: (raw) => {
      const value = typeof raw === 'string' ? form.parse(raw) : undefined;
      return value === undefined ? refuse(raw) : accept(value);
    },
    toText: form.toText,
  };
}

/** One or more values of a kind. */
export function nonEmptyListOf<T>(element: Kind<T>): Kind<readonly T[]> {
  return {
    placeholder: element.placeholder,
    accepts: element.accepts,
    isList: true,
    read: (raw) => {
      const items: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
      if (items.length === 0) return refuse(raw);
      const values: T[] = [];
      const refused: unknown[] = [];
      for (const item of items) {
        const reading = element.read(item);
        if (reading.ok) values.push(reading.value);
        else refused.push(...reading.refused);
      }
      return refused.length > 0 ? { ok: false, refused } : accept(values);
    },
    toText: (values) => values.map(element.toText).join(' '),
  };
}

/** Several values of a kind, or `none`. */
export function listOf<T>(element: Kind<T>): Kind<readonly T[]> {
  const list = nonEmptyListOf(element);
  return {
    ...list,
    accepts: `${list.accepts}; or none`,
    read: (raw) => {
      const [only = 'none', ...others] = Array.isArray(raw) ? raw : [raw];
      // This is how a flag or a variable empties a list of lower precedence.
      return only === 'none' && others.length === 0 ? accept([]) : list.read(raw);
    },
    toText: (values) => (values.length === 0 ? 'none' : list.toText(values)),
  };
}

/** A value, or a keyword in its place. */
export function choiceOr<const W extends string, T>(word: W, kind: Kind<T>): Kind<W | T> {
  return {
    ...kind,
    accepts: `${kind.accepts}; or ${word}`,
    read: (raw) => (raw === word ? accept(word) : kind.read(raw)),
    toText: (value) => (value === word ? word : kind.toText(value as T)),
  };
}

/** A list, or a keyword in its place. */
export function wordOr<const W extends string, T>(word: W, kind: Kind<readonly T[]>): Kind<W | readonly T[]> {
  return {
    ...kind,
    accepts: `${kind.accepts}; or ${word}`,
    read: (raw) => {
      const [only, ...others] = Array.isArray(raw) ? raw : [raw];
      return only === word && others.length === 0 ? accept(word) : kind.read(raw);
    },
    toText: (value) => (isWord(value) ? value : kind.toText(value)),
  };
  function isWord(value: W | readonly T[]): value is W {
    return value === word;
  }
}

/** `16 MB`, `1.5 kB`, `17 bytes`. */
function bytesToText(count: number): string {
  for (const [unit, size] of [
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const) {
    if (count >= size && Number.isInteger(count / (size / 10))) return `${count / size} ${unit}`;
  }
  return `${count} bytes`;
}

function secondsToText(count: number): string {
  for (const [unit, size] of [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const) {
    if (count >= size && Number.isInteger(count / size)) return `${count / size}${unit}`;
  }
  return `${count}s`;
}

function quantity(
  form: {
    readonly placeholder: string;
    readonly accepts: string;
    readonly units: ReadonlyMap<string, number>;
    readonly toText: (value: number) => string;
  },
  { least, most }: Bounds,
): Kind<number> {
  return {
    placeholder: form.placeholder,
    accepts: form.accepts,
    isList: false,
    read: (raw) => {
      const match = /^(\d{1,15}(?:\.\d{1,6})?) ?([a-z]*)$/i.exec(wordOf(raw));
      const unit = form.units.get(match?.[2]?.toLowerCase() ?? '');
      const product = match === null || unit === undefined ? Number.NaN : Number(match[1]) * unit;
      // 1.1 kB is 1100 bytes, although the floating-point product is slightly more; 1.5 bytes is not valid.
      const value = Math.round(product);
      const isWhole = Math.abs(product - value) < 1e-6;
      return isWhole && value >= least && value <= most ? accept(value) : refuse(raw);
    },
    toText: form.toText,
  };
}

/** The value as a word; the empty string for a list, a table or a date, which is not one. */
function wordOf(raw: unknown): string {
  return typeof raw === 'string' || typeof raw === 'number' ? String(raw) : '';
}

function accept<T>(value: T): Reading<T> {
  return { ok: true, value };
}

function refuse(raw: unknown): { readonly ok: false; readonly refused: readonly unknown[] } {
  return { ok: false, refused: [raw] };
}
