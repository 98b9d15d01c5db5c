import type { Server } from 'node:net';
import { bun } from '../bun/api.ts';
import { copyListeningOnBun } from './copy-on-bun.ts';
import { copyListeningOnNode } from './copy-on-node.ts';

/**
 * Copies the sockets of servers that listen (dup(2)), in the way that is possible on the current runtime; one descriptor for each,
 * in order. A socket stays open until its last copy is closed, so a thread can be given one that is closed with it. Rejects
 * with an Error that says what went wrong.
 */
export type CopyListening = (servers: readonly Server[]) => Promise<readonly number[]>;

export const copyListening: CopyListening = bun === undefined ? copyListeningOnNode : copyListeningOnBun;
