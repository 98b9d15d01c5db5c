import type { PublicKey } from '../pkarr/public-key.ts';
import { compareRecency } from '../pkarr/signed-packet.ts';
import type { NetworkParts } from './publisher-parts.ts';
import { putPacket } from './put-packet.ts';
import { querySources } from './query-sources.ts';
import { type Done, type Task, TaskError, type TaskNews } from './task.ts';

/** The newest packet of a key of anybody, put again as it is, so that it does not fade while its owner is away. */
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

  look(): TaskNews {
    return 'same';
  }

  async warmUp(): Promise<void> {}

  async run(signal: AbortSignal): Promise<Done> {
    const { sources, memory } = this.#parts;
    const remembered = memory.get(this.key)?.packet;
    const { best } = await querySources(this.key, sources, { signal });
    // What the network lost is ours to give back, and nothing older than we have seen takes its place.
    const isOurs = best === undefined || (remembered !== undefined && compareRecency(remembered, best) > 0);
    const packet = isOurs ? remembered : best;
    if (packet === undefined) throw new TaskError('No packet is published under this key.');
    const delivery = await putPacket(packet, this.#parts, { signal });
    await memory.set(this.key, { packet, fingerprint: undefined, isAdopted: true });
    return { packet, delivery, isAdopted: false };
  }
}
