import { throwLater } from '../async/throw-later.ts';
import type { LogFields } from '../observe/log.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { noExternalAddresses, type Placeholders } from '../pkarr/zone/file/placeholders.ts';
import { KeepTask } from './keep-task.ts';
import { type PublicationStatus, statusOf } from './publication-status.ts';
import { PublishError } from './publish-error.ts';
import { newEntry, type PublisherEntry } from './publisher-entry.ts';
import type { PublisherParts } from './publisher-parts.ts';
import { holdersOf } from './put-report.ts';
import { type Task, TaskError, type TaskResult } from './task.ts';
import { type ZoneEntry, ZoneTask } from './zone-task.ts';

/** Milliseconds between two looks at the clock and at the files. */
const TICK = 1_000;
/** Tasks that run at one time: each takes a lookup and a put, beside the lookups of the resolver. */
const MAX_RUNNING = 4;
/** Milliseconds between two lookups that are made only to learn our address. */
const WARM_UP_EVERY = 10_000;

/** What is to be kept in the network. Names are for people. */
export interface PublisherEntries {
  readonly publish: readonly ZoneEntry[];
  readonly keep: readonly { readonly key: PublicKey; readonly name: string }[];
}

/**
 * Keeps zones and packets in the network: at the start, when a zone file or an address in it changes, and hourly. A key has
 * one task and a task runs once at a time, so there is one put of a key at a time. An internal error of one task stops
 * that task alone.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  #entries: readonly PublisherEntry[];
  readonly #closing = new AbortController();
  /** What still ran when its entry was removed. It ends at once. */
  #leaving: Promise<void> = Promise.resolve();
  #external: Placeholders = noExternalAddresses;
  #timer: NodeJS.Timeout | undefined;
  #isStarted = false;

  constructor(entries: PublisherEntries, parts: PublisherParts) {
    this.#parts = parts;
    this.#entries = this.#entriesFor(entries, []);
  }

  /**
   * Keeps other things in the network from now on. What stays goes on as it is, but for what an internal error had stopped,
   * which begins anew. What was removed is not taken from the network, where it expires.
   * @returns the names of what is new, and of what was removed.
   */
  reload(entries: PublisherEntries): {
    readonly added: readonly string[];
    readonly removed: readonly string[];
  } {
    const before = this.#entries;
    this.#entries = this.#entriesFor(entries, before);
    for (const entry of before) {
      if (this.#entries.includes(entry)) continue;
      entry.leaving.abort(new TaskError('It is no longer in the configuration.'));
      this.#leaving = Promise.all([this.#leaving, entry.running]).then(() => {});
    }
    if (this.#isStarted) this.start();
    const missingIn = (all: readonly PublisherEntry[], others: readonly PublisherEntry[]) =>
      all
        .filter(({ identity }) => others.every((other) => other.identity !== identity))
        .map(({ task }) => task.name);
    return { added: missingIn(this.#entries, before), removed: missingIn(before, this.#entries) };
  }

  /** Entries for the configuration, `known` ones where they are still in it. */
  #entriesFor(
    { publish, keep }: PublisherEntries,
    known: readonly PublisherEntry[],
  ): readonly PublisherEntry[] {
    const parts = this.#parts;
    const entryFor = (identity: string, create: () => Task) =>
      known.find((entry) => entry.identity === identity && !entry.isStopped) ??
      newEntry(create(), identity, parts);
    return [
      ...publish.map((entry) =>
        entryFor(
          JSON.stringify([entry.name, entry.zone, entry.key, entry.movedFrom?.key]),
          () => new ZoneTask(entry, parts),
        ),
      ),
      ...keep.map((entry) =>
        entryFor(JSON.stringify([entry.name, entry.key.text]), () => new KeepTask(entry, parts)),
      ),
    ];
  }

  /** Begins, and looks every second. Without anything to keep it does nothing. */
  start(): void {
    this.#isStarted = true;
    clearInterval(this.#timer);
    if (this.#entries.length === 0 || this.#closing.signal.aborted) return;
    const tick = () => {
      this.tick().catch(throwLater);
    };
    this.#timer = setInterval(tick, TICK).unref();
    tick();
  }

  /**
   * Looks at the files and the clock once, and begins what is due. Settles when all looks are over, and never rejects;
   * an entry whose look goes on, because a file system is slow, is not looked at again before.
   */
  async tick(): Promise<void> {
    await Promise.all(
      this.#entries.map((entry) => {
        if (entry.isStopped || this.#closing.signal.aborted) return undefined;
        entry.looking ??= this.#look(entry).then(() => {
          entry.looking = undefined;
        });
        return entry.looking;
      }),
    );
  }

  /** Waits until no task runs. */
  async idle(): Promise<void> {
    for (let running = this.#running(); running.length > 0; running = this.#running())
      await Promise.all(running);
  }

  /** Tries what failed again now: it may work in the new network. */
  networkChanged(): void {
    for (const { schedule } of this.#entries) if (schedule.isFailing) schedule.hurry();
  }

  /** Each entry, in the order of the configuration. */
  status(): readonly PublicationStatus[] {
    return this.#entries.map((entry) => statusOf(entry, this.#parts.now()));
  }

  /** Whether an entry is of this key, as text. */
  isOf(key: string): boolean {
    return this.#entries.some(({ task }) => task.key?.text === key);
  }

  /** Ends what goes on. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort(new TaskError('The program is stopping.'));
    await this.idle();
    await this.#leaving;
  }

  /** Aborts when the entry is removed, and when the program ends. */
  #signalOf({ leaving }: PublisherEntry): AbortSignal {
    return AbortSignal.any([this.#closing.signal, leaving.signal]);
  }

  #running(): readonly Promise<void>[] {
    return this.#entries.flatMap(({ running }) => running ?? []);
  }

  /** Never rejects. */
  async #look(entry: PublisherEntry): Promise<void> {
    try {
      if (entry.task.needsAddress) await this.#learnAddresses();
      const news = await entry.task.look(this.#external);
      entry.isWaiting = news === 'wait';
      if (news === 'changed') entry.schedule.hurry();
      if (news === 'wait') this.#warmUp(entry);
      this.#beginDue();
    } catch (error) {
      this.#stop(entry, error);
    }
  }

  async #learnAddresses(): Promise<void> {
    const found = await this.#parts.external();
    // An address that is not known for a while has most likely not changed.
    const kept = [...found].map(([name, value]) => [name, value ?? this.#external.get(name)] as const);
    this.#external = new Map(kept);
  }

  #beginDue(): void {
    for (const entry of this.#entries) {
      if (this.#running().length >= MAX_RUNNING || this.#closing.signal.aborted) return;
      const isFree = !entry.isStopped && !entry.isWaiting && entry.running === undefined;
      if (isFree && entry.schedule.left === 0) this.#begin(entry, () => this.#run(entry));
    }
  }

  /** Nodes tell us our address with every answer, and a program that nobody asks anything gets few. */
  #warmUp(entry: PublisherEntry): void {
    const now = this.#parts.now();
    if (entry.running !== undefined || now - entry.warmedUpAt < WARM_UP_EVERY) return;
    entry.warmedUpAt = now;
    this.#begin(entry, async () => {
      try {
        await entry.task.warmUp(this.#signalOf(entry));
      } catch (error) {
        // That the network cannot be reached is told when something is to be put there.
        if (!isExpected(error) && !this.#signalOf(entry).aborted) this.#stop(entry, error);
      }
    });
  }

  /** @param work never rejects. */
  #begin(entry: PublisherEntry, work: () => Promise<void>): void {
    entry.running = work().then(() => {
      entry.running = undefined;
    });
  }

  /** Never rejects. */
  async #run(entry: PublisherEntry): Promise<void> {
    const { task, schedule } = entry;
    // Set before the run and not after it: what changes meanwhile makes it due again.
    schedule.begun();
    try {
      this.#checkAlone(entry);
      const result = await task.run(this.#signalOf(entry));
      await this.#parts.learn(result.packet);
      this.#tellSuccess(entry, result);
      entry.done = { result, at: this.#parts.now() };
      schedule.succeeded();
    } catch (error) {
      if (this.#signalOf(entry).aborted) return;
      if (!isExpected(error)) {
        this.#stop(entry, error);
        return;
      }
      const text = error.message;
      const isNews = !schedule.isFailing || entry.error?.text !== text;
      schedule.failed();
      this.#tellFailure(entry, text, isNews);
      entry.error = { text, at: this.#parts.now() };
    }
  }

  /** Two entries may have the same key in two files. @throws TaskError */
  #checkAlone(entry: PublisherEntry): void {
    const first = this.#entries.find(({ task }) => task.key?.text === entry.task.key?.text);
    if (first === entry || entry.task.key === undefined || first === undefined) return;
    throw new TaskError(`${first.task.name} has the same key.`);
  }

  /** A bug: what it would sign next may be wrong, so nothing is signed. */
  #stop(entry: PublisherEntry, error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const message = error instanceof Error ? error.message : String(error);
    entry.isStopped = true;
    entry.error = { text: `internal error: ${message}`, at: this.#parts.now() };
    this.#parts.log.error(
      'Internal error while publishing; this publication is stopped until a reload or restart.',
      {
        name: entry.task.name,
        error: text,
      },
    );
    this.#parts.onInternalError?.(error);
  }

  #tellSuccess({ task, done, schedule }: PublisherEntry, { packet, report }: TaskResult): void {
    const held = holdersOf(report);
    const fields: LogFields = { name: task.name, nodes: held.nodes, relays: held.relays };
    const message = task.kind === 'publish' ? 'A zone is published.' : 'A packet is kept.';
    const isNews = done?.result.packet.timestamp !== packet.timestamp || schedule.isFailing;
    if (isNews) this.#parts.log.info(message, fields);
    else this.#parts.log.debug(message, fields);
  }

  #tellFailure({ task, schedule }: PublisherEntry, reason: string, isNews: boolean): void {
    const fields: LogFields = {
      name: task.name,
      reason,
      againInSeconds: Math.ceil(schedule.left / 1000),
    };
    const message =
      task.kind === 'publish' ? 'A zone could not be published.' : 'A packet could not be kept.';
    if (isNews) this.#parts.log.warn(message, fields);
    else this.#parts.log.debug(message, fields);
  }
}

function isExpected(error: unknown): error is TaskError | PublishError {
  return error instanceof TaskError || error instanceof PublishError;
}
