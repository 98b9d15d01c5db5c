import { Name } from '../../../dns/name.ts';
import { nameFault } from '../../../dns/name-fault.ts';
import { EntryError, shown, type Token } from '../../../dns/presentation/token.ts';
import { WireError } from '../../../dns/wire-error.ts';
import { classifyLabel } from '../../public-key.ts';
import { messageAt, type ZoneFileMessage } from './error.ts';
import type { MovedDomain } from './moved-domain.ts';

/** Twice the longest name in `\DDD` form, in characters; bounds the work. */
const MAX_NAME_TEXT = 2048;

/** A target that leads to `name` because of where it stands: it has no trailing dot, or its domain is moved. */
export interface DoubtfulTarget {
  readonly token: Token;
  readonly name: Name;
  readonly why: 'relative' | 'moved';
}

/**
 * Turns words into names, relative to the current origin.
 *
 * With a moved domain, names are read as they were written for it, and then names in it become names under the key. So
 * `$ORIGIN .` means what it did, and a name elsewhere is not mistaken for one of the zone.
 */
export class NameScope {
  /** The zone's apex: the key. */
  readonly zone: Name;
  readonly warnings: ZoneFileMessage[] = [];
  /** Targets of two or more labels that were taken as relative, and targets in the moved domain. */
  readonly doubtfulTargets: DoubtfulTarget[] = [];
  readonly #moved: MovedDomain | undefined;
  #origin: Name;

  constructor(zone: Name, moved?: MovedDomain) {
    this.zone = zone;
    this.#moved = moved;
    this.#origin = moved?.domain ?? zone;
  }

  /** The name that is appended to relative names; with a moved domain, one that is not moved yet. */
  get origin(): Name {
    return this.#origin;
  }

  set origin(name: Name) {
    this.#origin = name;
  }

  /** A name as it was written for a moved domain: of an owner, or after `$ORIGIN`; without one the same as `owner`. @throws EntryError. */
  written(token: Token): Name {
    return this.#moved === undefined ? this.owner(token) : this.#asWritten(token);
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
   * A name inside RDATA: absolute if it has a trailing dot or the key is its last label, otherwise relative to the origin. One
   * in a moved domain becomes one under the key. @throws EntryError.
   */
  target(token: Token): Name {
    const name = parseName(token);
    if (!isAt(token) && name.isWithin(this.zone)) return this.#inZone(name);
    const written = this.#asWritten(token);
    const full = this.#moved?.move(token, written, this.zone) ?? written;
    if (isAt(token)) return full;
    if (isAbsolute(token)) {
      if (full !== written) this.doubtfulTargets.push({ token, name: full, why: 'moved' });
      return full;
    }
    if (classifyLabel(name.labels.at(-1) ?? '').kind === 'key') {
      this.#warn(
        token,
        `${shown(token)} has no trailing dot, so it means ${full}; add the dot to point to that key.`,
      );
    } else if (name.labels.length > 1) {
      this.doubtfulTargets.push({ token, name: full, why: 'relative' });
    }
    return full;
  }

  /** The name that a word means where it stands. @throws EntryError. */
  #asWritten(token: Token): Name {
    if (isAt(token)) return this.#origin;
    const name = parseName(token);
    if (name.isWithin(this.zone)) return this.#inZone(name);
    return isAbsolute(token) ? name : append(token, name, this.#origin);
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
    if (error.code === 'name-too-long') throw tooLong(token);
    throw new EntryError(token, `${shown(token)} is not a domain name: ${nameFault(error)}.`);
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
