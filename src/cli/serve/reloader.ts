import { existsSync } from 'node:fs';
import { keepAccepted } from '../../app/configuration/accepted-configuration.ts';
import { ReloadError } from '../../app/configuration/reload-error.ts';
import type { App, ConfigurationStatus, ReloadOutcome } from '../../app/status.ts';
import { ConfigError, type ConfigProblem } from '../../config/config-error.ts';
import type { LoadedSettings } from '../../config/load-settings.ts';
import type { Settings } from '../../config/settings.ts';
import type { AdjustableLog } from '../../observe/log.ts';
import type { PublisherEntries } from '../../publish/publisher.ts';
import { ListenError } from '../../serve/listen-error.ts';
import { listenProblem } from './listen-problem.ts';
import { fileOf } from './start-configuration.ts';

/** What came of a reload, for `pkarrd reload`. */
export type ReloadReport =
  | ({
      readonly isAccepted: true;
      /** Key files that the service manager did not hand over when the program was started: it needs a restart. */
      readonly missingKeys: readonly string[];
      readonly warnings: readonly ConfigProblem[];
    } & ReloadOutcome)
  /** The configuration before stays in force. */
  | { readonly isAccepted: false; readonly problems: readonly ConfigProblem[] };

/** What a reloader works with. */
export interface ReloaderParts {
  readonly app: Pick<App, 'reload'>;
  readonly log: AdjustableLog;
  /** Loads the configuration anew. @throws ConfigError */
  readonly load: () => Promise<LoadedSettings>;
  /** What the program does with settings before it uses them. */
  readonly prepare: (settings: Settings) => Settings;
  readonly entriesOf: (loaded: LoadedSettings) => PublisherEntries;
  /** Where an accepted configuration is kept; undefined for nowhere. */
  readonly keepIn: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Told of each change of the status. */
  readonly onStatus: (status: ConfigurationStatus) => void;
}

/** Problems of one configuration that are logged. */
const MAX_TOLD = 20;

/** Reloads the configuration, once at a time, whoever asks and however often. */
export class Reloader {
  readonly #parts: ReloaderParts;
  #running: Promise<ReloadReport> | undefined;
  #next: Promise<ReloadReport> | undefined;
  #status: ConfigurationStatus;

  /** @param status that of the configuration which the program began with. */
  constructor(status: ConfigurationStatus, parts: ReloaderParts) {
    this.#status = status;
    this.#parts = parts;
  }

  /** Reloads, or waits for a reload that begins after this was asked. */
  request(): Promise<ReloadReport> {
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#begin();
    // The one that runs may have read the file before it was changed.
    this.#next = this.#afterThis(this.#running);
    return this.#next;
  }

  #begin(): Promise<ReloadReport> {
    this.#running = this.#run();
    return this.#running;
  }

  async #run(): Promise<ReloadReport> {
    try {
      return await this.#reload();
    } finally {
      this.#running = undefined;
    }
  }

  /** @param running whoever asked for it is told when it fails. */
  async #afterThis(running: Promise<ReloadReport>): Promise<ReloadReport> {
    await running.catch(() => undefined);
    this.#next = undefined;
    return await this.#begin();
  }

  async #reload(): Promise<ReloadReport> {
    const { app, log, load, prepare, entriesOf, keepIn, now } = this.#parts;
    try {
      const loaded = await load();
      const entries = entriesOf(loaded);
      const outcome = await app.reload(prepare(loaded.settings), entries);
      const { settings, tables, warnings } = loaded;
      // A level that was set by command stays, unless the configuration says another one than before.
      if (outcome.changed.some(({ name }) => name === 'log-level')) log.setLevel(settings.logLevel);
      tellOutcome(log, outcome, warnings);
      this.#setStatus({ state: 'current', ...fileOf(loaded), problems: [] });
      if (keepIn !== undefined) await keepAccepted(keepIn, { settings, tables, acceptedAt: now() }, log);
      return { isAccepted: true, ...outcome, missingKeys: missingKeys(entries), warnings };
    } catch (error) {
      const problems = problemsOf(error);
      for (const { where, message } of problems.slice(0, MAX_TOLD)) {
        log.error('The configuration cannot be used, so the one before stays in force.', {
          where,
          problem: message,
        });
      }
      // One that took the place of an invalid one at the start still does.
      const { state, ...before } = this.#status;
      const refused = state === 'current' || state === 'refused' ? 'refused' : state;
      this.#setStatus({ ...before, state: refused, problems });
      return { isAccepted: false, problems };
    }
  }

  #setStatus(status: ConfigurationStatus): void {
    this.#status = status;
    this.#parts.onStatus(status);
  }
}

function tellOutcome(log: AdjustableLog, outcome: ReloadOutcome, warnings: readonly ConfigProblem[]): void {
  for (const { where, message } of warnings) log.warn('Configuration warning.', { where, warning: message });
  const namesOf = (changes: ReloadOutcome['changed']) => changes.map(({ name }) => name).join(',');
  const { changed, needRestart, added, removed } = outcome;
  const isSame = changed.length + added.length + removed.length === 0;
  log.info(isSame ? 'The configuration was reloaded; nothing changed.' : 'The configuration was reloaded.', {
    ...(changed.length > 0 && { changed: namesOf(changed) }),
    ...(added.length > 0 && { publicationsAdded: added.length }),
    ...(removed.length > 0 && { publicationsRemoved: removed.length }),
  });
  if (needRestart.length > 0) {
    log.warn('Settings that keep their value until pkarrd is restarted.', { settings: namesOf(needRestart) });
  }
}

function missingKeys({ publish }: PublisherEntries): readonly string[] {
  return publish.flatMap(({ key, credential }) =>
    credential === undefined || existsSync(credential) ? [] : [key],
  );
}

/** @throws any error that is no fault of the configuration or the machine. */
function problemsOf(error: unknown): readonly ConfigProblem[] {
  if (error instanceof ConfigError) return error.problems;
  if (error instanceof ListenError) return [{ where: 'listen', message: listenProblem(error) }];
  if (error instanceof ReloadError) return [{ where: 'configuration', message: error.message }];
  throw error;
}
