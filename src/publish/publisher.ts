import type { LogFields } from '../observe/log.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';
import { noExternalAddresses } from './external-addresses.ts';
import { KeepTask } from './keep-task.ts';
import type { PublicationStatus } from './publication-status.ts';
import { PublishError } from './publish-error.ts';
import type { PublisherParts } from './publisher-parts.ts';
import { holdersOf } from './put-report.ts';
import { Schedule } from './schedule.ts';
import { type Done, type Task, TaskError } from './task.ts';
import { ZoneTask } from './zone-task.ts';

/** Milliseconds between two looks at the clock and at the files. */
const TICK = 1_000;
/** Tasks at one time: a lookup and a put for each, beside the lookups of the resolver. */
const MAX_RUNNING = 4;

/** Milliseconds between two lookups for the sake of an address. */
const WARM_UP_EVERY = 10_000;

/** What is to be kept in the network. Names are for people. */
export interface PublisherEntries {
  /** Paths of a zone file and of its key's file. */
  readonly publish: readonly { readonly zone: string; readonly key: string; readonly name: string }[];
  readonly keep: readonly { readonly key: PublicKey; readonly name: string }[];
}

interface Entry {
  readonly task: Task;
  readonly schedule: Schedule;
  running: Promise<void> | undefined;
  isWaiting: boolean;
  /** Milliseconds of the clock of its last question for an address. */
  warmedUpAt: number;
  done: { readonly result: Done; readonly at: number } | undefined;
  error: { readonly text: string; readonly at: number } | undefined;
}

/**
 * Keeps zones and packets in the network: at the start, when a zone file or an address in it changes, and hourly. A key has
 * one put at a time, since it has one task, and a task runs once at a time.
 */
export class Publisher {
  readonly #parts: PublisherParts;
  readonly #entries: readonly Entry[];
  readonly #closing = new AbortController();
  #external: Placeholders = noExternalAddresses;
  #timer: NodeJS.Timeout | undefined;
  #isTicking = false;

  constructor(entries: PublisherEntries, parts: PublisherParts) {
    this.#parts = parts;
    const tasks: readonly Task[] = [
      ...entries.publish.map((entry) => new ZoneTask(entry, parts)),
      ...entries.keep.map((entry) => new KeepTask(entry, parts)),
    ];
    this.#entries = tasks.map((task) => ({
      task,
      schedule: new Schedule(parts),
      running: undefined,
      isWaiting: false,
      warmedUpAt: Number.NEGATIVE_INFINITY,
      done: undefined,
      error: undefined,
    }));
  }

  /** Begins, and looks every second. Without anything to keep it does nothing. */
  start(): void {
    if (this.#entries.length === 0 || this.#closing.signal.aborted) return;
    const tick = () => {
      this.tick().catch((error: unknown) => {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.#parts.log.error('A mistake of the program keeps zones from being published.', { error: text });
      });
    };
    this.#timer = setInterval(tick, TICK).unref();
    tick();
  }

  /** Looks at the files and the clock once, and begins what is due. */
  async tick(): Promise<void> {
    if (this.#isTicking || this.#closing.signal.aborted) return;
    this.#isTicking = true;
    try {
      await this.#learnAddresses();
      for (const entry of this.#entries) {
        const news = entry.task.look(this.#external);
        entry.isWaiting = news === 'wait';
        if (news === 'changed') entry.schedule.hurry();
        if (news === 'wait') this.#warmUp(entry);
      }
      for (const entry of this.#entries) {
        if (this.#running().length >= MAX_RUNNING) break;
        if (entry.running === undefined && !entry.isWaiting && entry.schedule.left === 0) this.#begin(entry);
      }
    } finally {
      this.#isTicking = false;
    }
  }

  /** Waits until nothing runs. */
  async idle(): Promise<void> {
    for (let running = this.#running(); running.length > 0; running = this.#running())
      await Promise.all(running);
  }

  /** What failed is tried again now: the network is another. */
  networkChanged(): void {
    for (const { schedule } of this.#entries) if (schedule.isFailing) schedule.hurry();
  }

  /** Each entry, in the order of the configuration. */
  status(): readonly PublicationStatus[] {
    return this.#entries.map((entry) => statusOf(entry, this.#parts.now()));
  }

  /** Ends what goes on. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#closing.abort(new TaskError('The program is stopping.'));
    await this.idle();
  }

  #running(): readonly Promise<void>[] {
    return this.#entries.flatMap(({ running }) => running ?? []);
  }

  async #learnAddresses(): Promise<void> {
    if (!this.#entries.some(({ task }) => task.needsAddress)) return;
    const found = await this.#parts.external();
    // An address that is not known for a while is most likely what it was.
    const kept = [...found].map(([name, value]) => [name, value ?? this.#external.get(name)] as const);
    this.#external = new Map(kept);
  }

  /** Nodes tell us our address with every answer; a program that nobody asks anything gets few. */
  #warmUp(entry: Entry): void {
    const now = this.#parts.now();
    if (entry.running !== undefined || now - entry.warmedUpAt < WARM_UP_EVERY) return;
    entry.warmedUpAt = now;
    entry.running = entry.task
      .warmUp(this.#closing.signal)
      // That there is no network is told when something is to be put there.
      .catch((error: unknown) => {
        const isKnown = this.#closing.signal.aborted || error instanceof PublishError;
        if (!isKnown) this.#parts.log.error('A mistake of the program.', { error: String(error) });
      })
      .finally(() => {
        entry.running = undefined;
      });
  }

  #begin(entry: Entry): void {
    entry.running = this.#run(entry).finally(() => {
      entry.running = undefined;
    });
  }

  /** Never rejects. */
  async #run(entry: Entry): Promise<void> {
    const { task, schedule } = entry;
    // What changes while it runs makes it due again: the next time is set before, not after.
    schedule.begun();
    try {
      this.#checkAlone(entry);
      const result = await task.run(this.#closing.signal);
      this.#parts.learn(result.packet);
      this.#tellSuccess(entry, result);
      entry.done = { result, at: this.#parts.now() };
      schedule.succeeded();
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      const isKnown = error instanceof TaskError || error instanceof PublishError;
      const text = isKnown ? error.message : `a mistake of the program: ${String(error)}`;
      const isNews = !schedule.isFailing || entry.error?.text !== text;
      schedule.failed();
      this.#tellFailure(entry, text, isNews);
      entry.error = { text, at: this.#parts.now() };
    }
  }

  /** Two entries may hold one key in two files. @throws TaskError. */
  #checkAlone(entry: Entry): void {
    const first = this.#entries.find(({ task }) => task.key?.text === entry.task.key?.text);
    if (first === entry || entry.task.key === undefined || first === undefined) return;
    throw new TaskError(`Its key is that of ${first.task.name} already.`);
  }

  #tellSuccess({ task, done, schedule }: Entry, { packet, delivery }: Done): void {
    const held = holdersOf(delivery);
    const fields: LogFields = { name: task.name, nodes: held.nodes, relays: held.relays };
    const message = task.kind === 'publish' ? 'A zone is published.' : 'A packet is kept.';
    const isNews = done?.result.packet.timestamp !== packet.timestamp || schedule.isFailing;
    if (isNews) this.#parts.log.info(message, fields);
    else this.#parts.log.debug(message, fields);
  }

  #tellFailure({ task, schedule }: Entry, reason: string, isNews: boolean): void {
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

function statusOf(
  { task, schedule, running, isWaiting, done, error }: Entry,
  now: number,
): PublicationStatus {
  const idle = schedule.isFailing ? 'failing' : done === undefined ? 'waiting' : 'held';
  const held = done === undefined ? undefined : holdersOf(done.result.delivery);
  return {
    kind: task.kind,
    name: task.name,
    ...(task.key !== undefined && { key: task.key.text }),
    state: isWaiting ? 'waiting' : running !== undefined ? 'running' : idle,
    isAdopted: done?.result.isAdopted ?? false,
    ...(task.problem !== undefined && { problem: task.problem }),
    ...(done !== undefined &&
      held !== undefined && {
        lastSuccess: {
          agoMs: now - done.at,
          timestamp: String(done.result.packet.timestamp),
          bytes: done.result.packet.size,
          nodes: held.nodes,
          nodesAsked: done.result.delivery.nodes.asked,
          relays: held.relays,
          relaysAsked: done.result.delivery.relays.length,
        },
      }),
    nextInMs: schedule.left,
    ...(error !== undefined && { lastError: { agoMs: now - error.at, text: error.text } }),
  };
}
