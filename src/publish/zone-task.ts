import type { Log } from '../observe/log.ts';
import type { KeyPair } from '../pkarr/key-pair.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { SignedPacket } from '../pkarr/signed-packet.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';
import { KeyFileError, readKeyFile } from './key-file.ts';
import { planPublication, type Remembered, type ZoneNow } from './plan.ts';
import { newestOf, signAfter } from './publish.ts';
import type { NetworkParts } from './publisher-parts.ts';
import { putPacket } from './put-packet.ts';
import { querySources } from './query-sources.ts';
import { type Done, type Task, TaskError, type TaskNews } from './task.ts';
import { ZoneWatch } from './zone-watch.ts';

/** Milliseconds after the start that are waited for an address that a zone needs: it takes answers of several nodes. */
const ADDRESS_PATIENCE = 60_000;
/** Faults of a file that are told at once. */
const MAX_TOLD = 5;

/** A zone file that is signed with a key and kept in the network. */
export class ZoneTask implements Task {
  readonly kind = 'publish';
  readonly name: string;
  readonly #files: { readonly zone: string; readonly key: string };
  readonly #parts: NetworkParts;
  readonly #log: Log;
  readonly #startedAt: number;
  #keyPair: KeyPair | undefined;
  #keyProblem: string | undefined;
  #watch: ZoneWatch | undefined;
  #isAdopted = false;

  constructor(
    entry: { readonly zone: string; readonly key: string; readonly name: string },
    parts: NetworkParts,
  ) {
    this.name = entry.name;
    this.#files = entry;
    this.#parts = parts;
    this.#log = parts.log;
    this.#startedAt = parts.now();
  }

  get key(): PublicKey | undefined {
    return this.#keyPair?.publicKey;
  }

  get problem(): string | undefined {
    return this.#watch === undefined ? this.#keyProblem : this.#watch.problem;
  }

  get needsAddress(): boolean {
    return this.#watch?.needsAddress ?? false;
  }

  look(placeholders: Placeholders): TaskNews {
    const watch = this.#watch ?? this.#open();
    const isChanged = watch?.look(placeholders) ?? false;
    const isEarly = this.#parts.now() - this.#startedAt < ADDRESS_PATIENCE;
    if (watch?.isMissingAddress === true && isEarly) return 'wait';
    return isChanged ? 'changed' : 'same';
  }

  async warmUp(signal: AbortSignal): Promise<void> {
    if (this.key !== undefined) await querySources(this.key, this.#parts.sources, { signal });
  }

  async run(signal: AbortSignal): Promise<Done> {
    const { memory } = this.#parts;
    const keyPair = this.#keyPair;
    const zone = this.#watch?.zone;
    if (keyPair === undefined) throw new TaskError(this.#keyProblem ?? 'The key cannot be read.');
    if (zone === undefined) throw new TaskError(this.#watch?.problem ?? 'The zone cannot be read.');
    for (const warning of this.#watch?.takeWarnings().slice(0, MAX_TOLD) ?? []) {
      this.#log.warn('A zone file says something that is probably not meant.', { name: this.name, warning });
    }
    const found = await querySources(keyPair.publicKey, this.#parts.sources, { signal });
    const { packet, isAdopted } = this.#choose(keyPair, zone, found);
    const delivery = await putPacket(packet, this.#parts, { signal });
    const entry: Remembered = { packet, fingerprint: zone.fingerprint, isAdopted };
    await memory.set(keyPair.publicKey, entry);
    if (isAdopted && !this.#isAdopted) {
      this.#log.info('A packet was published elsewhere; it is kept until the zone file changes.', {
        name: this.name,
        file: this.#files.zone,
      });
    }
    this.#isAdopted = isAdopted;
    return { packet, delivery, isAdopted };
  }

  #choose(
    keyPair: KeyPair,
    zone: ZoneNow,
    found: Awaited<ReturnType<typeof querySources>>,
  ): { readonly packet: SignedPacket; readonly isAdopted: boolean } {
    const { memory, nowWall } = this.#parts;
    const remembered = memory.get(keyPair.publicKey);
    const plan = planPublication(zone, remembered, found.best);
    const newest = latest(newestOf(found), remembered?.packet.timestamp);
    const now = BigInt(Math.floor(nowWall())) * 1000n;
    if (plan.kind === 'sign') {
      return { packet: signAfter(keyPair, zone.message, { newest, now, force: false }), isAdopted: false };
    }
    const { packet, isAdopted } = plan;
    if (newest === undefined || newest <= packet.timestamp) return { packet, isAdopted };
    // The key signed something newer that is no packet: nodes that hold it refuse an older one.
    return { packet: signAfter(keyPair, packet.message, { newest, now, force: false }), isAdopted };
  }

  /** Reads the key, which is needed to read the zone; tried again at each look, as somebody may be mending it. */
  #open(): ZoneWatch | undefined {
    try {
      this.#keyPair = readKeyFile(this.#files.key);
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      if (error.message !== this.#keyProblem) {
        this.#log.warn('A zone is not published: its key cannot be read.', {
          name: this.name,
          reason: error.message,
        });
      }
      this.#keyProblem = error.message;
      return undefined;
    }
    this.#watch = new ZoneWatch(this.#files.zone, this.#keyPair.publicKey, (faults) => {
      for (const fault of faults.slice(0, MAX_TOLD)) {
        const consequence =
          this.#watch?.zone === undefined ? 'it is not published' : 'the last good one stays';
        this.#log.warn(`A zone file cannot be used; ${consequence}.`, { name: this.name, fault });
      }
    });
    return this.#watch;
  }
}

function latest(a: bigint | undefined, b: bigint | undefined): bigint | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a > b ? a : b;
}
