import { u16, u32 } from './numbers.ts';

/** Whether octets from `at` to `end` are of a form that takes the rest of RDATA, which begins at `start`. */
type Rest = (bytes: Uint8Array, at: number, end: number, start: number) => boolean;

/** The forms that take the rest, by their letters in `forms`. */
export const rests: Readonly<Record<string, Rest>> = {
  '*': () => true,
  '+': (_, at, end) => end > at,
  Z: (_, at, end) => end - at >= 12,
  S: (bytes, at, end) => at < end && items(bytes, at, end) !== undefined,
  w: (bytes, at, end) => afterName(bytes, at, end) === end,
  b: isBitmap,
  p: isParameters,
  L: isLocation,
  G: (bytes, at, end) => at + 2 <= end && isGateway(bytes, at + 2, end, bytes[at] as number, true),
  R: (bytes, at, end) => at < end && isGateway(bytes, at + 1, end, (bytes[at] as number) % 128, false),
  P: isPrefixes,
  H: isHostIdentity,
};

/** The lengths of strings that fill the octets; undefined when they do not. */
function items(bytes: Uint8Array, start: number, end: number): readonly number[] | undefined {
  const lengths: number[] = [];
  let at = start;
  while (at < end) {
    lengths.push(bytes[at] as number);
    at += 1 + (bytes[at] as number);
  }
  return at === end ? lengths : undefined;
}

/** The offset after a name without pointers; NaN for none. */
function afterName(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at += 1 + (bytes[at] as number)) {
    if ((bytes[at] as number) > 63) return Number.NaN;
    if (bytes[at] === 0) return at + 1 - start > 255 ? Number.NaN : at + 1;
  }
  return Number.NaN;
}

function isBitmap(bytes: Uint8Array, start: number, end: number): boolean {
  const windows: number[] = [];
  let at = start;
  while (at < end) {
    const length = at + 1 < end ? (bytes[at + 1] as number) : 0;
    if (length === 0 || length > 32) return false;
    windows.push(bytes[at] as number);
    at += 2 + length;
  }
  return at === end && isAscending(windows);
}

function isAscending(numbers: readonly number[]): boolean {
  return numbers.every((number, index) => index === 0 || number > (numbers[index - 1] as number));
}

/** RFC 9460 §2.2, §7 and §8. In alias mode nobody looks at the values. */
function isParameters(bytes: Uint8Array, start: number, end: number, rdataAt: number): boolean {
  const values = new Map<number, Uint8Array>();
  const keys: number[] = [];
  let at = start;
  while (at < end) {
    if (at + 4 > end) return false;
    const next = at + 4 + u16(bytes, at + 2);
    keys.push(u16(bytes, at));
    values.set(u16(bytes, at), bytes.subarray(at + 4, Math.min(next, end)));
    at = next;
  }
  if (at !== end || !isAscending(keys)) return false;
  if (u16(bytes, rdataAt) === 0) return true;
  if (values.has(2) && !values.has(1)) return false;
  return [...values].every(([key, value]) => {
    const list = items(value, 0, value.length);
    const isList = list?.every((length) => length > 0) === true;
    const numbers = Array.from({ length: Math.floor(value.length / 2) }, (_, i) => u16(value, 2 * i));
    if (key === 0) {
      const isWhole = value.length > 0 && value.length % 2 === 0 && numbers[0] !== 0;
      return isWhole && isAscending(numbers) && numbers.every((number) => values.has(number));
    }
    if (key === 1) return isList && value.length > 0;
    if (key === 10) return isList;
    if (key === 2 || key === 8) return value.length === 0;
    if (key === 3) return value.length === 2;
    if (key === 4 || key === 6) return value.length > 0 && value.length % (key === 4 ? 4 : 16) === 0;
    return true;
  });
}

/** RFC 1876 §2. */
function isLocation(bytes: Uint8Array, at: number, end: number): boolean {
  if (at >= end) return false;
  if (bytes[at] !== 0) return true;
  if (end - at !== 16) return false;
  const sizes = [1, 2, 3].flatMap((i) => [
    (bytes[at + i] as number) % 16,
    Math.floor((bytes[at + i] as number) / 16),
  ]);
  const [latitude, longitude] = [u32(bytes, at + 4), u32(bytes, at + 8)].map((angle) =>
    Math.abs(angle - 2 ** 31),
  );
  const isOnEarth = (latitude ?? 0) <= 90 * 3_600_000 && (longitude ?? 0) <= 180 * 3_600_000;
  return isOnEarth && sizes.every((digit) => digit < 10);
}

/** RFC 4025 §2.3 and RFC 8777 §4.2: with a key behind it, or not. */
function isGateway(bytes: Uint8Array, at: number, end: number, kind: number, hasKey: boolean): boolean {
  if (kind > 3) return true;
  const after = kind === 3 ? afterName(bytes, at, end) : at + ([0, 4, 16][kind] ?? 0);
  return hasKey ? after <= end : after === end;
}

/** RFC 3123 §4. */
function isPrefixes(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  while (at < end) {
    if (at + 4 > end) return false;
    const size = [0, 4, 16][u16(bytes, at)] ?? 0;
    const [prefix, length] = [bytes[at + 2] as number, (bytes[at + 3] as number) % 128];
    if (size > 0 && (prefix > 8 * size || length > size)) return false;
    at += 4 + length;
  }
  return at === end;
}

/** RFC 8005 §5. */
function isHostIdentity(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + 4 > end) return false;
  const [tag, key] = [bytes[start] as number, u16(bytes, start + 2)];
  if (tag === 0 || key === 0) return false;
  let at = start + 4 + tag + key;
  while (at < end) at = afterName(bytes, at, end);
  return at === end;
}
