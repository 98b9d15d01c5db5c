import type { Reply } from '../routing/respond.ts';

/** 429, of any limit. A lookup or a publication becomes possible within a second. */
export const limited: Reply = {
  status: 429,
  headers: { 'retry-after': '1' },
  body: 'Too many requests; try again in a second.\n',
};
