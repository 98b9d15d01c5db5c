/** A thread that lowers its priority, and says its number and those that it has before and after. */
import { readlinkSync } from 'node:fs';
import { getPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { lowerThreadPriority } from '../../src/http/thread/low-priority.ts';

const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
const before = getPriority(thread);
lowerThreadPriority();
parentPort?.postMessage({ before, after: getPriority(thread) });
