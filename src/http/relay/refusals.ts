import type { Reply } from '../routing/respond.ts';

/** 429, of any limit. A lookup or a publication becomes possible within a second. */
export const limited: Reply = {
  status: 429,
  headers: { 'retry-after': '1' },
  body: 'Too many requests; try again in a second.\n',
};

/** 412: a condition of the request is not met. */
export const changed: Reply = {
  status: 412,
  body: 'What is published for this key is not what the conditions of the request want.\n',
};
