import { WireReader } from '../wire-reader.ts';
import { WireWriter } from '../wire-writer.ts';
import { type PresentationCodec, PresentationError, quoted, requireEnd, wordAt } from './codec.ts';

/** RFC 1876 §2: an angle is in thousandths of a second of arc; "2^31 represents the equator" and the prime meridian. */
const ORIGIN = 2 ** 31;
const PER_DEGREE = 3_600_000;

/** RFC 1876 §2: altitude "in centimeters, from a base of 100,000m below the [WGS 84] reference spheroid". */
const ALTITUDE_BASE = 10_000_000;

/** RFC 1876 §3: "If omitted, ... size defaults to 1m, horizontal precision defaults to 10,000m, ... vertical ... to 10m." In cm. */
const DEFAULTS = { size: 100, 'horizontal precision': 1_000_000, 'vertical precision': 1_000 } as const;

/** The greatest size or precision, in centimetres: 9e9 (RFC 1876 §2). */
const MAX_SIZE = 9e9;

/** LOC (RFC 1876): `42 21 54.000 N 71 6 18.000 W -24.00m 30m 10000m 10m`. */
export const location: PresentationCodec = {
  toText(octets) {
    const reader = new WireReader(octets);
    const version = reader.u8('VERSION');
    const sizes = Object.keys(DEFAULTS).map((label) => sizeToText(reader.u8(label)));
    const [latitude, longitude] = [reader.u32('LATITUDE'), reader.u32('LONGITUDE')];
    const altitude = ((reader.u32('ALTITUDE') - ALTITUDE_BASE) / 100).toFixed(2);
    // RFC 1876 §2: "Implementations are required to check this field and make no assumptions about the format of
    // unrecognized versions."
    if (version !== 0 || reader.remaining > 0 || sizes.includes(undefined)) return undefined;
    return [angleToText(latitude, 'NS'), angleToText(longitude, 'EW'), `${altitude}m`, ...sizes].join(' ');
  },
  fromWords(words) {
    const latitude = angleFrom(words, 0, { label: 'latitude', hemispheres: 'NS', maximum: 90 });
    const longitude = angleFrom(words, latitude.next, {
      label: 'longitude',
      hemispheres: 'EW',
      maximum: 180,
    });
    const altitude = centimetresAt(words, longitude.next, 'altitude') + ALTITUDE_BASE;
    if (altitude < 0 || altitude > 0xffff_ffff) {
      throw new PresentationError(longitude.next, 'The altitude must be from -100000m to 42849672.95m.');
    }
    const writer = new WireWriter();
    writer.u8(0);
    for (const [position, [label, byDefault]] of Object.entries(DEFAULTS).entries()) {
      const index = longitude.next + 1 + position;
      writer.u8(
        sizeOctet(index < words.length ? centimetresAt(words, index, label) : byDefault, index, label),
      );
    }
    requireEnd(words, longitude.next + 1 + Object.keys(DEFAULTS).length, 'vertical precision');
    writer.u32(latitude.value);
    writer.u32(longitude.value);
    writer.u32(altitude);
    return Uint8Array.from(writer.written);
  },
};

function angleToText(value: number, hemispheres: string): string {
  const thousandths = Math.abs(value - ORIGIN);
  const degrees = Math.floor(thousandths / PER_DEGREE);
  const minutes = Math.floor((thousandths % PER_DEGREE) / 60_000);
  const seconds = ((thousandths % 60_000) / 1000).toFixed(3);
  return `${degrees} ${minutes} ${seconds} ${hemispheres.charAt(value < ORIGIN ? 1 : 0)}`;
}

/** RFC 1876 §3: `d1 [m1 [s1]] {"N"|"S"}`. Gives the value and the index of the next word. */
function angleFrom(
  words: readonly string[],
  start: number,
  {
    label,
    hemispheres,
    maximum,
  }: { readonly label: string; readonly hemispheres: string; readonly maximum: number },
): { readonly value: number; readonly next: number } {
  const units = [
    { name: 'degrees', pattern: /^\d{1,3}$/, size: PER_DEGREE, below: maximum + 1 },
    { name: 'minutes', pattern: /^\d{1,2}$/, size: 60_000, below: 60 },
    { name: 'seconds', pattern: /^\d{1,2}(?:\.\d{1,3})?$/, size: 1000, below: 60 },
  ];
  let thousandths = 0;
  let at = start;
  for (const { name, pattern, size, below } of units) {
    const word = wordAt(words, at, label);
    if (name !== 'degrees' && isHemisphere(word, hemispheres)) break;
    if (!pattern.test(word) || Number(word) >= below)
      throw new PresentationError(at, `The ${name} of the ${label} are not valid: ${quoted(word)}.`);
    thousandths += Math.round(Number(word) * size);
    at++;
  }
  const [positive, negative] = hemispheres;
  const word = wordAt(words, at, `${positive} or ${negative} of the ${label}`);
  if (!isHemisphere(word, hemispheres))
    throw new PresentationError(
      at,
      `The ${label} must end with ${positive} or ${negative}, not ${quoted(word)}.`,
    );
  if (thousandths > maximum * PER_DEGREE)
    throw new PresentationError(start, `The ${label} must be at most ${maximum} degrees.`);
  const sign = word.toUpperCase() === positive ? 1 : -1;
  return { value: ORIGIN + sign * thousandths, next: at + 1 };
}

function isHemisphere(word: string, hemispheres: string): boolean {
  return word.length === 1 && hemispheres.includes(word.toUpperCase());
}

function centimetresAt(words: readonly string[], index: number, label: string): number {
  const word = wordAt(words, index, label);
  if (/^-?\d{1,8}(?:\.\d{1,2})?m?$/i.test(word)) return Math.round(Number(word.replace(/m$/i, '')) * 100);
  throw new PresentationError(
    index,
    `The ${label} must be a length in metres, such as 10m, not ${quoted(word)}.`,
  );
}

/** RFC 1876 §2: "a pair of four-bit unsigned integers ... the base and the power of ten by which to multiply the base". */
function sizeOctet(centimetres: number, index: number, label: string): number {
  if (centimetres < 0 || centimetres > MAX_SIZE)
    throw new PresentationError(index, `The ${label} must be from 0m to ${MAX_SIZE / 100}m.`);
  let [base, power] = [centimetres, 0];
  for (; base > 9; power++) base = Math.floor(base / 10);
  return (base << 4) | power;
}

function sizeToText(octet: number): string | undefined {
  const [base, power] = [octet >>> 4, octet & 15];
  if (base > 9 || power > 9) return undefined;
  return `${(base * 10 ** power) / 100}m`;
}
