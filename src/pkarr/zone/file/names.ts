import { Name } from '../../../dns/name.ts';
import { EntryError, shown, type Token } from '../../../dns/presentation/token.ts';
import { ESCAPE_RULE } from '../../../dns/presentation/values.ts';
import { WireError } from '../../../dns/wire-error.ts';
import { classifyLabel } from '../../public-key.ts';
import { messageAt, type ZoneFileMessage } from './error.ts';

/** Twice the longest name in `\DDD` form, in characters; bounds the work. */
const MAX_NAME_TEXT = 2048;

/** A target without a trailing dot, to which the origin was appended. */
export interface RelativeTarget {
  readonly token: Token;
  readonly name: Name;
}

/** Turns words into names, relative to the current origin. */
export class NameScope {
  /** The zone's apex: the key. */
  readonly zone: Name;
  readonly warnings: ZoneFileMessage[] = [];
  /** Targets of two or more labels that were taken as relative. */
  readonly relativeTargets: RelativeTarget[] = [];
  #origin: Name;

  constructor(zone: Name) {
    this.zone = zone;
    this.#origin = zone;
  }

  /** The name that is appended to relative names. */
  get origin(): Name {
    return this.#origin;
  }

  set origin(name: Name) {
    this.#origin = name;
  }

  /**
   * An owner name, which is always under the key: `@` is the origin; a name whose last label is the key stays as it is; to
   * every other the origin is appended, or the key if it has a trailing dot.
   * @throws EntryError.
   */
  owner(token: Token): Name {
    if (isAt(token)) return this.#origin;
    const name = parseName(token);
    if (name.isWithin(this.zone)) return this.#inZone(name);
    if (!isAbsolute(token)) return append(token, name, this.#origin);
    const published = append(token, name, this.zone);
    if (!name.isRoot) {
      this.#warn(token, `${shown(token)} is not under the key; it will be published as ${published}`);
    }
    return published;
  }

  /**
   * A name inside RDATA: absolute if it has a trailing dot or the key is its last label, otherwise relative to the origin. @throws EntryError.
   */
  target(token: Token): Name {
    if (isAt(token)) return this.#origin;
    const name = parseName(token);
    if (name.isWithin(this.zone)) return this.#inZone(name);
    if (isAbsolute(token)) return name;
    const full = append(token, name, this.#origin);
    if (classifyLabel(name.labels.at(-1) ?? '').kind === 'key') {
      this.#warn(
        token,
        `${shown(token)} has no trailing dot, so it means ${full}; add the dot to point to that key.`,
      );
    } else if (name.labels.length > 1) {
      this.relativeTargets.push({ token, name: full });
    }
    return full;
  }

  /** The name with the zone's own labels as the zone writes them: equal octets compress, other case does not. */
  #inZone(name: Name): Name {
    return name.replaceSuffix(this.zone, this.zone);
  }

  #warn(token: Token, message: string): void {
    this.warnings.push(messageAt(token, message));
  }
}

function isAt(token: Token): boolean {
  return token.raw === '@' && !token.quoted;
}

/** Whether it ends with a dot that is not escaped. */
function isAbsolute({ raw }: Token): boolean {
  return /(?:^|[^\\])(?:\\\\)*\.$/.test(raw);
}

function parseName(token: Token): Name {
  if (token.quoted) throw new EntryError(token, `A name must not be quoted: ${shown(token)}.`);
  if (token.raw.length > MAX_NAME_TEXT) throw tooLong(token);
  if (/[^\0-\x7f]/.test(token.raw)) {
    throw new EntryError(
      token,
      `The name ${shown(token)} has non-ASCII characters; write its xn-- form (Punycode), or octets as \\DDD.`,
    );
  }
  try {
    return Name.parse(token.raw);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    if (error.code === 'label-too-long') {
      throw new EntryError(token, `A label of ${shown(token)} is longer than 63 octets.`);
    }
    if (error.code === 'name-too-long') throw tooLong(token);
    if (error.code === 'empty-label') {
      throw new EntryError(token, `The name ${shown(token)} has an empty label.`);
    }
    throw new EntryError(token, `In the name ${shown(token)} ${ESCAPE_RULE}.`);
  }
}

function append(token: Token, name: Name, origin: Name): Name {
  try {
    return Name.fromLabels([...name.labels, ...origin.labels]);
  } catch (error) {
    if (error instanceof WireError && error.code === 'name-too-long') throw tooLong(token);
    throw error;
  }
}

function tooLong(token: Token): EntryError {
  return new EntryError(
    token,
    `The name ${shown(token)}, with the origin appended, is longer than 255 octets.`,
  );
}
