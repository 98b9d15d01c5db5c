import { latin1Of, octetsFromHex } from '../octets/text.ts';
import { KEY_LENGTH } from './ed25519-rules.ts';

/**
 * Whether 32 octets are any encoding of a point of order 1, 2, 4 or 8. Anybody can sign for such a key, so its signatures
 * prove nothing.
 */
export function isSmallOrder(point: Uint8Array): boolean {
  const y = new Uint8Array(point);
  y[KEY_LENGTH - 1] = (y[KEY_LENGTH - 1] ?? 0) & 0x7f;
  return SMALL_ORDER_Y.has(latin1Of(y));
}

/** All y-coordinates of such points, without the sign of x. */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set(
  [
    '0000000000000000000000000000000000000000000000000000000000000000', // 0, order 4
    '0100000000000000000000000000000000000000000000000000000000000000', // 1, order 1
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05', // order 8
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a', // order 8
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p - 1, order 2
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p, that is 0 again
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f', // p + 1, that is 1 again
  ].map((hex) => latin1Of(octetsFromHex(hex))),
);
