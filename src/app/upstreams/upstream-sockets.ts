import { SocketBudget } from '../../forward/socket-budget.ts';
import { descriptorLimit } from '../../system/descriptor-limit.ts';

/** Sockets to upstreams at most, however many descriptors there are: what the CPU and the memory of a machine can use. */
const MAX_SOCKETS = 4096;

/** Below this nothing works, whatever the limit is. */
const MIN_SOCKETS = 16;

/**
 * Descriptors that are left to all else: 64 clients over TCP and 512 that were just accepted, 56 commands, the sockets that we
 * listen on, the DHT and the relays, the store and other files, and what the runtime itself has open.
 */
const RESERVED = 704;

/** The same where there are few: then clients that come all at once wait to be accepted. */
const RESERVED_OF_FEW = 256;
const FEW = 2048;

/** What is assumed of a system that does not tell its limit: the usual one. */
const USUAL_LIMIT = 1024;

/** The sockets that queries to upstreams and name servers of this process may use together. */
export function upstreamSockets(limit: number = descriptorLimit() ?? USUAL_LIMIT): SocketBudget {
  return new SocketBudget(socketsWithin(limit));
}

/** How many sockets are for upstreams when `limit` descriptors may be open. */
export function socketsWithin(limit: number): number {
  return Math.max(Math.min(limit - (limit < FEW ? RESERVED_OF_FEW : RESERVED), MAX_SOCKETS), MIN_SOCKETS);
}
