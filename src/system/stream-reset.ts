import { bun } from './bun/api.ts';

/**
 * Whether a connection that the peer reset may have brought answers that nobody saw: Bun closes such a socket without
 * reading what had arrived before.
 */
export const resetHidesData: boolean = bun !== undefined;
