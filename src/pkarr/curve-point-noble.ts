import { Point } from '@noble/ed25519';
import type { PointFault } from './curve-point.ts';

/**
 * In the place of `pointFault` of `curve-point.ts` in browsers, for `tools/browser-twins.ts` puts it there: the curve of noble is in
 * their bundles already. The verdicts are the same, which a test compares.
 */
export function pointFault(key: Uint8Array): PointFault | undefined {
  try {
    // Strictly by RFC 8032 §5.1.3, and of 32 octets alone.
    return Point.fromBytes(key).isSmallOrder() ? 'small-order' : undefined;
  } catch {
    return 'not-on-curve';
  }
}
