import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ProgramCall, type ProgramResult, runProgram } from '../../system/commands/run-program.ts';
import { toJson, UsageError } from '../command.ts';
import { eventToJson } from './event-text.ts';
import type { WatchEvent } from './watch-event.ts';

/** Milliseconds that a run has. */
const TIME_LIMIT = 60_000;

/** Events of one key that wait for a run to end; the oldest gives way. */
const MAX_WAITING = 8;

/** What is run for each event. */
export interface EventProgramParts {
  /** An absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Ends what runs. */
  readonly stop: AbortSignal;
  /** Told what the program wrote, and what became of it, as text for people. */
  readonly tell: (text: string) => void;
  /** Others in tests. */
  readonly timeLimit?: number;
  readonly run?: (call: ProgramCall) => Promise<ProgramResult>;
}

/**
 * Runs a program for each event: without a shell, with the event as one line of JSON on its standard input, and with nothing
 * of our environment. Who signs a packet decides what is in it, and so nothing of it is ever an argument or a name of a variable. For one
 * key there is one run at a time.
 */
export class EventProgram {
  readonly #parts: EventProgramParts;
  readonly #waiting = new Map<string, WatchEvent[]>();
  readonly #running = new Map<string, Promise<void>>();

  constructor(parts: EventProgramParts) {
    this.#parts = parts;
  }

  /** Runs it for an event, after those before it. */
  handle(event: WatchEvent): void {
    const key = event.packet.key.text;
    const waiting = [...(this.#waiting.get(key) ?? []), event];
    this.#waiting.set(key, waiting.slice(-MAX_WAITING));
    if (waiting.length > MAX_WAITING)
      this.#parts.tell(`The program is too slow for ${key}: an event was left out.\n`);
    if (!this.#running.has(key)) this.#running.set(key, this.#runAll(key));
  }

  /** Resolves when nothing runs. */
  async finished(): Promise<void> {
    await Promise.all(this.#running.values());
  }

  async #runAll(key: string): Promise<void> {
    const { stop } = this.#parts;
    for (;;) {
      const [event, ...others] = this.#waiting.get(key) ?? [];
      if (event === undefined || stop.aborted) break;
      this.#waiting.set(key, others);
      await this.#runFor(event);
    }
    this.#waiting.delete(key);
    this.#running.delete(key);
  }

  async #runFor(event: WatchEvent): Promise<void> {
    const { program, args, stop, tell, timeLimit = TIME_LIMIT, run = runProgram } = this.#parts;
    const { key, timestamp } = event.packet;
    const { out, err, code, problem } = await run({
      program,
      args,
      input: `${toJson(eventToJson(event))}\n`,
      environment: {
        PKARRD_KEY: key.text,
        PKARRD_EVENT: event.kind,
        PKARRD_TIMESTAMP: String(timestamp),
      },
      timeout: timeLimit,
      stop,
    });
    tell(out);
    tell(err);
    if (stop.aborted) return;
    if (problem !== undefined) tell(`${program} ${problem} (${event.kind} of ${key}).\n`);
    else if (code !== 0) tell(`${program} ended with exit code ${code} (${event.kind} of ${key}).\n`);
  }
}

/**
 * The absolute path of a program, which is looked for in `path` when its name has no slash: what is run does not depend on the
 * environment that it gets. @throws UsageError
 */
export async function findProgram(name: string, path: string | undefined): Promise<string> {
  const directories = (path ?? '').split(':').filter((directory) => directory.startsWith('/'));
  const candidates = name.includes('/')
    ? [resolve(name)]
    : directories.map((directory) => join(directory, name));
  for (const candidate of candidates) {
    const isThere = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return candidate;
  }
  const where = name.includes('/') ? 'it is not there, or not executable' : 'it is in no directory of PATH';
  throw new UsageError(`--exec: ${JSON.stringify(name)} cannot be run: ${where}.`);
}
