import { ResolveError } from './errors.ts';

/** Aliases that one resolution may follow, inside packets and outside. Unbound follows 11, BIND 16. */
export const MAX_ALIASES = 16;

/** The error of a resolution that would have to follow more. */
export function aliasLoop(): ResolveError {
  return new ResolveError('alias-loop', `Alias loop, or more than ${MAX_ALIASES} aliases in a row.`);
}
