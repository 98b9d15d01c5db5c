import type { Trace } from '../../way/trace.ts';
import type { ReplyPath } from '../reply.ts';
import type { ReplyOrigin } from './resolutions.ts';

/** Sends a reply, at most once, now or later. */
export type Send = (reply: Uint8Array, origin: ReplyOrigin) => void;

/** A request whose reply is to be sent and counted. */
export interface Asker {
  readonly path: ReplyPath;
  readonly send: Send;
  /** By the clock of what is measured. */
  readonly begunAt: number;
  /** Where somebody wants to know how the answer comes about. */
  readonly trace: Trace | undefined;
}
