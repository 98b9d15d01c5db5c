import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { bun } from '../../src/system/bun/api.ts';

/** Bytes of live objects and of the buffers behind them, after everything else was collected. */
export async function liveBytes(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    collect();
    // What finalizers and settled promises hold goes in a later turn.
    await sleep(2);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function collect(): void {
  if (bun !== undefined) {
    (bun as unknown as { gc(synchronously: boolean): void }).gc(true);
    return;
  }
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
