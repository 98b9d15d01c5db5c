import { Name } from '../../../dns/name.ts';
import { WireError } from '../../../dns/wire-error.ts';
import { classifyLabel } from '../../public-key.ts';
import { ZoneFileFault, type ZoneFileNote } from './error.ts';
import type { Token } from './lexer.ts';
import { ESCAPE_RULE, shown } from './values.ts';

/** Twice what 255 octets take as `\DDD`: longer words are no names, and it bounds the work. */
const MAX_NAME_TEXT = 2048;

/** A target written without a final dot, so that the zone's name was added to it. */
export interface RelativeTarget {
  readonly token: Token;
  readonly name: Name;
}

/** Makes names of words: knows the zone and the origin in force. */
export class NameScope {
  /** The zone's apex: the key. */
  readonly zone: Name;
  readonly warnings: ZoneFileNote[] = [];
  /** Targets of two and more labels that were taken as relative. */
  readonly relativeTargets: RelativeTarget[] = [];
  #origin: Name;

  constructor(zone: Name) {
    this.zone = zone;
    this.#origin = zone;
  }

  /** Sets what `$ORIGIN` says. @throws ZoneFileFault. */
  setOrigin(token: Token): void {
    this.#origin = this.owner(token);
  }

  /**
   * An owner name, which always ends up under the key: `@` is the origin, a name whose last label is the key stays,
   * and every other gets the origin behind it, or the key when it was written with a final dot.
   * @throws ZoneFileFault.
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
   * A name inside RDATA: with a final dot it is what it says, with the key as its last label too, otherwise the
   * origin is added. @throws ZoneFileFault.
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
        `${shown(token)} has no final dot, so it means ${full}; write the dot to point at that key.`,
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

  #warn({ line, column }: Token, message: string): void {
    this.warnings.push({ line, column, message });
  }
}

function isAt(token: Token): boolean {
  return token.raw === '@' && !token.quoted;
}

/** True when the last dot is there and is not escaped. */
function isAbsolute({ raw }: Token): boolean {
  return /(?:^|[^\\])(?:\\\\)*\.$/.test(raw);
}

function parseName(token: Token): Name {
  if (token.quoted)
    throw new ZoneFileFault(token, `A name is written without quotation marks, not ${shown(token)}.`);
  if (token.raw.length > MAX_NAME_TEXT) throw tooLong(token);
  if (/[^\0-\x7f]/.test(token.raw)) {
    throw new ZoneFileFault(
      token,
      `The name ${shown(token)} has characters outside ASCII; write it in its xn-- form or its octets as \\DDD.`,
    );
  }
  try {
    return Name.parse(token.raw);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    if (error.code === 'label-too-long') {
      throw new ZoneFileFault(token, `A label of ${shown(token)} is over 63 octets long.`);
    }
    if (error.code === 'name-too-long') throw tooLong(token);
    if (error.code === 'empty-label') {
      throw new ZoneFileFault(token, `The name ${shown(token)} has a dot with nothing before it.`);
    }
    throw new ZoneFileFault(token, `In the name ${shown(token)} ${ESCAPE_RULE}.`);
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

function tooLong(token: Token): ZoneFileFault {
  return new ZoneFileFault(
    token,
    `The name ${shown(token)} is over 255 octets long, with the zone's name behind it.`,
  );
}
