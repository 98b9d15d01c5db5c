import type { PublicKey } from '../pkarr/public-key.ts';
import { compareRecency } from '../pkarr/signed-packet.ts';
import type { NetworkParts } from './publisher-parts.ts';
import { putPacket } from './put-packet.ts';
import { querySources } from './query-sources.ts';
import { type Task, TaskError, type TaskNews, type TaskResult } from './task.ts';

/** The newest packet of somebody else's key, put again unchanged so that it does not expire while its owner is offline. */
export class KeepTask implements Task {
  readonly kind = 'keep';
  readonly name: string;
  readonly key: PublicKey;
  readonly problem = undefined;
  readonly needsAddress = false;
  readonly #parts: NetworkParts;

  constructor(entry: { readonly key: PublicKey; readonly name: string }, parts: NetworkParts) {
    this.name = entry.name;
    this.key = entry.key;
    this.#parts = parts;
  }

  async look(): Promise<TaskNews> {
    return 'same';
  }

  async warmUp(): Promise<void> {}

  async run(signal: AbortSignal): Promise<TaskResult> {
    const { sources, memory } = this.#parts;
    const remembered = memory.get(this.key)?.packet;
    const { best } = await querySources(this.key, sources, { signal });
    // If the network lost it we put back what we remember, and never an older packet than that.
    const isOurs = best === undefined || (remembered !== undefined && compareRecency(remembered, best) > 0);
    const packet = isOurs ? remembered : best;
    if (packet === undefined) throw new TaskError('No packet is published under this key.');
    const report = await putPacket(packet, this.#parts, { signal });
    await memory.set(this.key, { packet, fingerprint: undefined, isAdopted: true });
    return { packet, report, isAdopted: false };
  }
}
