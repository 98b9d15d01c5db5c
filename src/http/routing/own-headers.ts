import { PUBLIC_ADDRESS } from '../../gateway/public-address.ts';

/**
 * A document with nothing in it, which no script reaches: some of these answers are given before anybody knows under whose name,
 * and so under that of a site, whose script would have the powers of the document.
 */
const policy = [
  "default-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  'sandbox',
  PUBLIC_ADDRESS,
].join('; ');

/** Headers of every answer of our own: nobody frames it, loads it elsewhere, guesses its type, or learns from where somebody came. */
export const ownHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': policy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};
