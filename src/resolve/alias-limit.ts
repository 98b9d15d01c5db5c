import { ResolveError } from './errors.ts';

/** Aliases that one resolution may follow, in packets and beyond them. Unbound follows 11, BIND 16. */
export const MAX_ALIASES = 16;

/** The failure of a resolution that would have to follow more. */
export function aliasLoop(): ResolveError {
  return new ResolveError('alias-loop', `Aliases lead in a circle or over more than ${MAX_ALIASES} steps.`);
}
