import { WireError } from './wire-error.ts';

/** RFC 1035 §2.3.4: "labels: 63 octets or less". */
const MAX_LABEL_LENGTH = 63;

/** RFC 1035 §2.3.4: "names: 255 octets or less", length octets and the root's included. */
export const MAX_NAME_LENGTH = 255;

/**
 * A domain name: a list of labels, never a string with dots, because a label may hold any octet, dots too.
 * Always absolute. Each label is a string of 1 to 63 characters U+0000 to U+00FF, one for each octet, case as it
 * was given. Two names are the same when their `key` is.
 */
export class Name {
  static readonly root: Name = new Name([]);

  readonly labels: readonly string[];
  /** Octets in uncompressed wire form, 1 to 255. */
  readonly wireLength: number;
  #key: string | undefined;

  private constructor(labels: readonly string[]) {
    let length = 1;
    for (const label of labels) {
      if (label.length === 0) throw new WireError('empty-label', 'name');
      if (label.length > MAX_LABEL_LENGTH) throw new WireError('label-too-long', 'name');
      length += label.length + 1;
    }
    if (length > MAX_NAME_LENGTH) throw new WireError('name-too-long', 'name');
    this.labels = labels;
    this.wireLength = length;
  }

  /**
   * The name of these labels, leftmost first.
   * @throws WireError `empty-label`, `label-too-long`, `name-too-long`, or `bad-value` for a character over U+00FF.
   */
  static fromLabels(labels: readonly string[]): Name {
    for (const label of labels) {
      if (!isOctets(label)) throw new WireError('bad-value', 'label');
    }
    return labels.length === 0 ? Name.root : new Name([...labels]);
  }

  /** The same as `parse`; undefined for text that is not a name. */
  static tryParse(text: string): Name | undefined {
    try {
      return Name.parse(text);
    } catch (error) {
      if (error instanceof WireError) return undefined;
      throw error;
    }
  }

  /**
   * Reads presentation form (RFC 1035 §5.1): labels with dots between, `\.` and `\DDD` escapes; a final dot is
   * optional and every name is taken as absolute. `.` is the root.
   * @throws WireError as `fromLabels`, and `bad-value` for a broken escape.
   */
  static parse(text: string): Name {
    if (text === '.' || text === '') return Name.root;
    const labels = text.includes('\\') ? unescapedLabels(text) : text.split('.');
    if (labels.at(-1) === '') labels.pop();
    return Name.fromLabels(labels);
  }

  /** The name, in lower case, with this `key`, which is not checked. */
  static fromKey(key: string): Name {
    const labels: string[] = [];
    for (let at = 0; at < key.length - 1; ) {
      const end = at + 1 + key.charCodeAt(at);
      labels.push(key.slice(at + 1, end));
      at = end;
    }
    return labels.length === 0 ? Name.root : new Name(labels);
  }

  /** Equal for equal names: the wire form, one octet in each character, ASCII letters in lower case (RFC 4343 §3). */
  get key(): string {
    if (this.#key === undefined) {
      let key = '';
      for (const label of this.labels) key += String.fromCharCode(label.length) + label;
      this.#key = lowerCase(`${key}\0`);
    }
    return this.#key;
  }

  /** Whether this is the root. */
  get isRoot(): boolean {
    return this.labels.length === 0;
  }

  /** Whether the names are equal, ignoring the case of ASCII letters. */
  equals(other: Name): boolean {
    return this.wireLength === other.wireLength && this.key === other.key;
  }

  /** Whether this name is `ancestor` or below it. */
  isWithin(ancestor: Name): boolean {
    const extra = this.labels.length - ancestor.labels.length;
    return extra >= 0 && this.ancestor(ancestor.labels.length).equals(ancestor);
  }

  /** The name made of the last `count` labels, 0 to `labels.length`. */
  ancestor(count: number): Name {
    if (count === this.labels.length) return this;
    return count === 0 ? Name.root : new Name(this.labels.slice(this.labels.length - count));
  }

  /** The name without its leftmost label; the root's parent is the root. */
  get parent(): Name {
    return this.isRoot ? this : this.ancestor(this.labels.length - 1);
  }

  /**
   * The name with `label` prepended.
   * @throws WireError as `fromLabels`.
   */
  child(label: string): Name {
    return Name.fromLabels([label, ...this.labels]);
  }

  /**
   * This name with its suffix `from` replaced by `to`: the substitution of RFC 6672 §2.2. Requires
   * `isWithin(from)`.
   * @throws WireError `name-too-long`, for which RFC 6672 wants YXDOMAIN.
   */
  replaceSuffix(from: Name, to: Name): Name {
    return new Name([...this.labels.slice(0, this.labels.length - from.labels.length), ...to.labels]);
  }

  /** The name with ASCII letters in lower case. */
  toLowerCase(): Name {
    return new Name(this.labels.map(lowerCase));
  }

  /** The uncompressed wire form, `wireLength` octets. */
  toWire(): Uint8Array {
    const wire = new Uint8Array(this.wireLength);
    let at = 0;
    for (const label of this.labels) {
      wire[at++] = label.length;
      for (let i = 0; i < label.length; i++) wire[at++] = label.charCodeAt(i);
    }
    return wire;
  }

  /** Presentation form with a final dot; octets that are not printable, dots and the special characters are escaped. */
  toString(): string {
    return this.isRoot ? '.' : `${this.labels.map(escapeLabel).join('.')}.`;
  }
}

/** Lower case for the letters A to Z alone (RFC 4343 §3.2: other octets have no case), in a string of octets. */
export function lowerCase(octets: string): string {
  return isAscii(octets) ? octets.toLowerCase() : octets.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

function unescapedLabels(text: string): string[] {
  const labels: string[] = [];
  let label = '';
  for (const { 0: piece, 1: digits, 2: char, index } of text.matchAll(/\\(?:(\d{3})|(\D))|[\\.]|[^\\.]+/gs)) {
    if (piece === '.') {
      labels.push(label);
      label = '';
    } else if (piece === '\\' || Number(digits) > 255) {
      throw new WireError('bad-value', 'name escape', index);
    } else {
      // "\DDD where each D is a digit is the octet corresponding to the decimal number described by DDD."
      label += digits === undefined ? (char ?? piece) : String.fromCharCode(Number(digits));
    }
  }
  return [...labels, label];
}

function escapeLabel(label: string): string {
  return label.replace(/[^!-~]|[.\\"();@$]/g, (char) =>
    char > ' ' && char <= '~' ? `\\${char}` : `\\${String(char.charCodeAt(0)).padStart(3, '0')}`,
  );
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}

function isOctets(text: string): boolean {
  return /^[\0-\xff]*$/.test(text);
}
