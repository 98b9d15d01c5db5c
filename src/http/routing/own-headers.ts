import { ownDocumentPolicy } from '../../gateway/public-address.ts';

/** Some of these answers are given before anybody knows under whose name, and so under that of a site. */
const policy = ownDocumentPolicy();

/** Headers of every answer of our own: nobody frames it, loads it elsewhere, guesses its type, or learns from where somebody came. */
export const ownHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': policy,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};
