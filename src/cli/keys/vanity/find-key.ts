import { availableParallelism } from 'node:os';
import { KeyPair } from '../../../pkarr/key-pair.ts';
import type { Terminal } from '../../command.ts';
import { estimateText, oddsText, progressText } from './estimate.ts';
import { readPrefix } from './prefix.ts';
import { searchKey } from './search.ts';

/** Milliseconds after which it is known how fast this machine is: starting the threads takes some hundred on a busy one. */
const WARM_UP = 1_500;

/**
 * A new key whose text begins with `prefix`, searched for on all processors, with an estimate and progress on standard error. A
 * signal ends the program at once, for there is nothing to be undone. @throws UsageError for a prefix that no key can have
 */
export async function findKey(text: string, terminal: Terminal): Promise<KeyPair> {
  const prefix = readPrefix(text);
  const threads = availableParallelism();
  const { err, line } = terminal;
  err(`${oddsText(prefix, threads)}\n`);
  const startedAt = performance.now();
  let tried = 0;
  let isEstimated = false;
  const onTried = (count: number) => {
    tried += count;
    const elapsed = performance.now() - startedAt;
    if (elapsed < WARM_UP) return;
    const rate = (tried / elapsed) * 1000;
    if (!isEstimated) err(`${estimateText(prefix, rate)}\n`);
    isEstimated = true;
    line.show(() => progressText(prefix, tried, rate));
  };
  const seed = await searchKey({ prefix, threads, onTried });
  line.clear();
  return KeyPair.fromSeed(seed);
}
