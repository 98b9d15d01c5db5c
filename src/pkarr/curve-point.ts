import { KEY_LENGTH } from '../bep44/ed25519-rules.ts';
import { isSmallOrder } from '../bep44/small-order.ts';
import { hexOf } from '../octets/text.ts';

/** Why 32 octets are not a public key: they are not a point of the curve, or one of its eight points of small order. */
export type PointFault = 'not-on-curve' | 'small-order';

/** RFC 8032 §5.1: p = 2^255 - 19, and d of the curve -x^2 + y^2 = 1 + d x^2 y^2. */
const P = 2n ** 255n - 19n;
const D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n;

/**
 * Why 32 octets are not a public key, or undefined if they are. It takes about 0.02 ms: whether there is an x is asked, and not which
 * it is, which takes four times as long. For a key of small order, signatures that are valid for any message can be made without
 * a secret.
 */
export function pointFault(key: Uint8Array): PointFault | undefined {
  const number = BigInt(`0x${hexOf(Uint8Array.from(key).reverse())}`);
  const y = BigInt.asUintN(255, number);
  // RFC 8032 §5.1.3: "If the resulting value is >= p, decoding fails."
  if (key.length !== KEY_LENGTH || y >= P) return 'not-on-curve';
  const square = (y * y) % P;
  const [u, v] = [square - 1n, D * square + 1n];
  // "If x = 0, and x_0 = 1, decoding fails."
  if (u === 0n && number !== y) return 'not-on-curve';
  // "x^2 = (y^2 - 1) / (d y^2 + 1)": u / v is a square exactly when u v is one.
  if (!isSquare(((u * v) % P) + P)) return 'not-on-curve';
  return isSmallOrder(key) ? 'small-order' : undefined;
}

/**
 * Whether `a`, not negative, is a square modulo p, which 0 is. By the Jacobi symbol, whose rules are those of Euclid's algorithm: factors
 * of two go out, each with the sign that the lower number has modulo 8, and the two numbers change places, with another sign if
 * both are 3 modulo 4.
 */
function isSquare(a: bigint): boolean {
  let [upper, lower] = [a % P, P];
  let isNegative = false;
  while (upper !== 0n) {
    const twos = factorsOfTwo(upper);
    upper >>= BigInt(twos);
    const low = lowBits(lower);
    if (twos % 2 === 1 && (low === 3 || low === 5)) isNegative = !isNegative;
    if (lowBits(upper) % 4 === 3 && low % 4 === 3) isNegative = !isNegative;
    [upper, lower] = [lower % upper, upper];
  }
  // The last number is their greatest common divisor: 1, or p for a multiple of p.
  return lower === P || !isNegative;
}

/** How many times two divides a number above 0. */
function factorsOfTwo(number: bigint): number {
  for (let shifted = 0; ; shifted += 32) {
    const low = Number(BigInt.asUintN(32, number >> BigInt(shifted)));
    if (low !== 0) return shifted + 31 - Math.clz32(low & -low);
  }
}

/** A number modulo 8. */
function lowBits(number: bigint): number {
  return Number(BigInt.asUintN(3, number));
}
