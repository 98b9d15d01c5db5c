/**
 * Loaded into the program before it starts (`--import` of Node, `--preload` of Bun), so that the soak sees what the program
 * really holds: at SIGUSR2 it collects all garbage, and writes what is left to the file `SOAK_PROBE`. With `SOAK_LEAK` it
 * keeps so many octets a second for ever: a leak that the soak has to notice.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { liveBytes } from '../support/heap-used.ts';

const { SOAK_PROBE, SOAK_LEAK = '0' } = process.env;
/** Milliseconds between two pieces of the leak. */
const LEAK_EVERY = 50;
const leaked: string[] = [];

// The thread of the DHT loads this as well.
if (isMainThread && SOAK_PROBE !== undefined) {
  process.on('SIGUSR2', () => tell(SOAK_PROBE));
  const piece = Math.round((Number(SOAK_LEAK) * LEAK_EVERY) / 1000);
  // A text that is read from octets is in memory as it is, while one that `repeat` makes takes nothing.
  if (piece > 0)
    setInterval(
      () => leaked.push(Buffer.alloc(piece, String(leaked.length)).toString('latin1')),
      LEAK_EVERY,
    ).unref();
}

async function tell(file: string): Promise<void> {
  const live = await liveBytes();
  writeFileSync(`${file}.new`, JSON.stringify({ live, rss: process.memoryUsage.rss() }));
  renameSync(`${file}.new`, file);
}
