import assert from 'node:assert/strict';
import { once } from 'node:events';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { lowerThreadPriority } from '../../src/http/thread/low-priority.ts';

const skip = process.platform !== 'linux' && 'threads have no priority of their own';

test('a thread lowers its own priority, and the rest of the process keeps its', { skip }, async () => {
  const own = getPriority(process.pid);
  const worker = new Worker(new URL('./low-priority-thread.js', import.meta.url));
  const [{ before, after }] = (await once(worker, 'message')) as [{ before: number; after: number }];
  assert.equal(before, own);
  assert.equal(after, Math.min(19, own + 10));
  assert.equal(getPriority(process.pid), own);
  await worker.terminate();
});

test('the main thread keeps its priority whatever it asks for', { skip }, () => {
  const own = getPriority(process.pid);
  lowerThreadPriority();
  assert.equal(getPriority(process.pid), own);
});
