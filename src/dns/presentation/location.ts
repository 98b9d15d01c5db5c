import { concatOctets } from '../../octets/octets.ts';
import type { PresentationForm } from './presentation-form.ts';
import { EntryError, shown, type Token } from './token.ts';
import { integerOctets, notA } from './values.ts';
import type { Words } from './words.ts';

/** RFC 1876 §2: an angle is in thousandths of a second of arc; "2^31 represents the equator" and the prime meridian. */
const ORIGIN = 2 ** 31;

/** RFC 1876 §2: altitude "in centimeters, from a base of 100,000m below the [WGS 84] reference spheroid". */
const ALTITUDE_BASE = 10_000_000;

/** RFC 1876 §3: "If omitted, ... size defaults to 1m, horizontal precision defaults to 10,000m, ... vertical ... to 10m." In cm. */
const DEFAULTS = { size: 100, 'horizontal precision': 1_000_000, 'vertical precision': 1_000 } as const;

/** The greatest size or precision, in centimetres: 9e9 (RFC 1876 §2). */
const MAX_SIZE = 9e9;

/** The parts of an angle, with their thousandths of a second. */
const units = { degrees: 3_600_000, minutes: 60_000, seconds: 1000 } as const;

/** LOC (RFC 1876): `42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m`. */
export const location: PresentationForm = {
  toText(reader) {
    // RFC 1876 §2: "Implementations are required to check this field and make no assumptions about the format of
    // unrecognized versions."
    if (reader.u8() !== 0) return undefined;
    const sizes = Object.keys(DEFAULTS).map(() => sizeToText(reader.u8()));
    const [latitude, longitude] = [reader.u32(), reader.u32()];
    const altitude = ((reader.u32() - ALTITUDE_BASE) / 100).toFixed(2);
    return [angleToText(latitude, 'NS'), angleToText(longitude, 'EW'), `${altitude}m`, ...sizes].join(' ');
  },
  fromWords(words) {
    const latitude = angleFrom(words, 'latitude', 'NS', 90);
    const longitude = angleFrom(words, 'longitude', 'EW', 180);
    const token = words.next('altitude');
    const altitude = centimetresFrom(token, 'altitude') + ALTITUDE_BASE;
    if (altitude < 0 || altitude > 0xffff_ffff)
      throw new EntryError(token, 'The altitude must be from -100000m to 42849672.95m.');
    const sizes = Object.entries(DEFAULTS).map(([label, byDefault]) => sizeFrom(words, label, byDefault));
    const numbers = [latitude, longitude, altitude].map((value) => integerOctets(value, 4));
    return concatOctets([[0, ...sizes], ...numbers]);
  },
};

function angleToText(value: number, hemispheres: string): string {
  const thousandths = Math.abs(value - ORIGIN);
  const degrees = Math.floor(thousandths / units.degrees);
  const minutes = Math.floor((thousandths % units.degrees) / units.minutes);
  const seconds = ((thousandths % units.minutes) / units.seconds).toFixed(3);
  return `${degrees} ${minutes} ${seconds} ${hemispheres.charAt(value < ORIGIN ? 1 : 0)}`;
}

/** RFC 1876 §3: `d1 [m1 [s1]] {"N"|"S"}`. */
function angleFrom(words: Words, label: string, hemispheres: string, maximum: number): number {
  const first = words.next(label);
  let token = first;
  let thousandths = 0;
  for (const [unit, size] of Object.entries(units)) {
    if (unit !== 'degrees' && signOf(token, hemispheres) !== 0) break;
    const pattern = unit === 'seconds' ? /^\d{1,2}(?:\.\d{1,3})?$/ : /^\d{1,3}$/;
    if (!pattern.test(token.raw) || Number(token.raw) >= (unit === 'degrees' ? maximum + 1 : 60))
      throw new EntryError(token, `The ${unit} of the ${label} are not valid: ${shown(token)}.`);
    thousandths += Math.round(Number(token.raw) * size);
    token = words.next(label);
  }
  const sign = signOf(token, hemispheres);
  if (sign === 0)
    throw new EntryError(
      token,
      `The ${label} must end with ${[...hemispheres].join(' or ')}, not ${shown(token)}.`,
    );
  if (thousandths > maximum * units.degrees)
    throw new EntryError(first, `The ${label} must be at most ${maximum} degrees.`);
  return ORIGIN + sign * thousandths;
}

/** 1 for the first hemisphere, -1 for the second, 0 for neither. */
function signOf({ raw }: Token, hemispheres: string): number {
  return [0, 1, -1][[...hemispheres].indexOf(raw.toUpperCase()) + 1] ?? 0;
}

function centimetresFrom(token: Token, label: string): number {
  if (/^-?\d{1,8}(?:\.\d{1,2})?m?$/i.test(token.raw)) return Math.round(Number.parseFloat(token.raw) * 100);
  throw notA(token, label, 'a length in metres, such as 10m');
}

/** RFC 1876 §2: "a pair of four-bit unsigned integers ... the base and the power of ten by which to multiply the base". */
function sizeFrom(words: Words, label: string, byDefault: number): number {
  let [base, power] = [byDefault, 0];
  if (words.left > 0) {
    const token = words.next(label);
    base = centimetresFrom(token, label);
    if (base < 0 || base > MAX_SIZE)
      throw new EntryError(token, `The ${label} must be from 0m to ${MAX_SIZE / 100}m.`);
  }
  for (; base > 9; power++) base = Math.floor(base / 10);
  return (base << 4) | power;
}

function sizeToText(octet: number): string {
  return `${((octet >>> 4) * 10 ** (octet & 15)) / 100}m`;
}
