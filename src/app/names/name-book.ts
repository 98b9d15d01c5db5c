import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ConfigProblem } from '../../config/config-error.ts';
import { readConfigFile } from '../../config/config-file.ts';
import {
  MAX_PETNAMES,
  type Petname,
  petnameAccepts,
  petnameLabel,
  petnamesOf,
} from '../../config/petnames.ts';
import { fileReason } from '../../files/file-reason.ts';
import { replaceFile } from '../../files/write-file.ts';
import type { Log } from '../../observe/log.ts';
import { classifyLabel, refusalToText } from '../../pkarr/public-key.ts';

/** The file of the state directory that has the names which were added by command. */
export const NAMES_FILE = 'names.toml';

/** Faults of the file that are logged one by one. */
const MAX_TOLD = 10;

/** A name that is in force or hidden, for `pkarrd name list`. */
export interface ListedName {
  /** `alice`; its names in DNS are `alice.internal` and those below it. */
  readonly name: string;
  readonly key: string;
  /** `configuration`: its table `[names]`, a flag or a variable. `added`: by command. */
  readonly from: 'configuration' | 'added';
  /** The configuration has the name too, and wins. */
  readonly isHidden: boolean;
}

/** A name cannot be added or removed. The message is one sentence, or several. */
export class NameError extends Error {
  override readonly name = 'NameError';
}

/** What a book depends on. */
export interface NameBookParts {
  readonly path: string;
  readonly log: Log;
  /** Called with all names that are in force, the key of each once, after each change. */
  readonly onChange: (names: readonly Petname[]) => Promise<void>;
}

/**
 * The petnames: those of the configuration, and those that were added by command, which are in a file of their own. The
 * configuration wins, and is never written. The file is read again before each change, so that what people write into it is
 * kept; one with faults is left as it is.
 */
export class NameBook {
  readonly #parts: NameBookParts;
  #configured: readonly Petname[];
  #added: readonly Petname[] = [];
  /** Why the file cannot be rewritten. */
  #faults: readonly ConfigProblem[] = [];
  /** Changes are made one after another. */
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(configured: readonly Petname[], parts: NameBookParts) {
    this.#configured = configured;
    this.#parts = parts;
  }

  /** Reads the file. Its faults are logged, and what is left of it is used. Never rejects. */
  static async open(configured: readonly Petname[], parts: NameBookParts): Promise<NameBook> {
    const book = new NameBook(configured, parts);
    await book.#read();
    return book;
  }

  /** The names that are in force. */
  get current(): readonly Petname[] {
    const configured = new Set(this.#configured.map(({ label }) => label));
    return [...this.#configured, ...this.#added.filter(({ label }) => !configured.has(label))];
  }

  /** The key, as text, that a name means, as somebody typed it; undefined for one that there is not. */
  keyOf(typed: string): string | undefined {
    const label = petnameLabel(typed);
    return this.current.find((one) => one.label === label)?.key;
  }

  /** All names, in the order of the alphabet. */
  list(): readonly ListedName[] {
    const configured = new Set(this.#configured.map(({ label }) => label));
    const listed =
      (from: ListedName['from']) =>
      ({ label, key }: Petname) => ({
        name: label,
        key,
        from,
        isHidden: from === 'added' && configured.has(label),
      });
    return [...this.#configured.map(listed('configuration')), ...this.#added.map(listed('added'))].sort(
      (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : Number(a.isHidden) - Number(b.isHidden)),
    );
  }

  /** The names of another configuration are in force from now on, and the file is read again. */
  async reload(configured: readonly Petname[]): Promise<void> {
    await this.#inTurn(async () => {
      this.#configured = configured;
      await this.#read();
      await this.#parts.onChange(this.current);
    });
  }

  /**
   * Adds a name, or gives it another key.
   * @returns the key that it had; undefined for a new name.
   * @throws NameError
   */
  async add(typed: string, key: string): Promise<string | undefined> {
    const label = requireLabel(typed);
    requireKey(key);
    return await this.#change(label, (added) => {
      const before = added.find((one) => one.label === label);
      const others = added.filter((one) => one !== before);
      if (others.length >= MAX_PETNAMES)
        throw new NameError(`There are ${MAX_PETNAMES} names, the most there may be.`);
      return { names: [...others, { label, key }], before: before?.key };
    });
  }

  /** Removes a name that was added. @returns its key. @throws NameError */
  async remove(typed: string): Promise<string> {
    const label = requireLabel(typed);
    return await this.#change(label, (added) => {
      const before = added.find((one) => one.label === label);
      if (before === undefined) throw new NameError(`There is no name ${label}. See: pkarrd name list`);
      return { names: added.filter((one) => one !== before), before: before.key };
    });
  }

  async #change<T>(
    label: string,
    make: (added: readonly Petname[]) => { readonly names: readonly Petname[]; readonly before: T },
  ): Promise<T> {
    return await this.#inTurn(async () => {
      const { path, onChange } = this.#parts;
      if (this.#configured.some((one) => one.label === label)) {
        throw new NameError(
          `The configuration has the name ${label}, and wins. Change it there (table [names]), then run: pkarrd reload`,
        );
      }
      await this.#read();
      const [fault] = this.#faults;
      if (fault !== undefined) {
        throw new NameError(
          `${fault.where}: ${fault.message} The file is left as it is. Correct it, or move it away, and try again.`,
        );
      }
      const { names, before } = make(this.#added);
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await replaceFile(path, fileOf(names));
      } catch (error) {
        throw new NameError(`Cannot write ${path}: ${fileReason(error)}. Nothing has changed.`, {
          cause: error,
        });
      }
      this.#added = names;
      await onChange(this.current);
      return before;
    });
  }

  /** One after another; whoever asked is told when it fails. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => {});
    return done;
  }

  async #read(): Promise<void> {
    const { path, log } = this.#parts;
    const { names, faults } = await readNamesFile(path);
    const isKnown = JSON.stringify(faults) === JSON.stringify(this.#faults);
    // Of a file that cannot be read at all, what it said before stays in force.
    if (faults.length === 0 || names.length > 0) this.#added = names;
    this.#faults = faults;
    if (isKnown) return;
    for (const { where, message } of faults.slice(0, MAX_TOLD))
      log.warn('The file of names has a fault; the file is left as it is.', { where, problem: message });
    if (faults.length > MAX_TOLD)
      log.warn('The file of names has more faults.', { path, more: faults.length - MAX_TOLD });
  }
}

/** The names of the file that are valid, and what is wrong with it. */
async function readNamesFile(
  path: string,
): Promise<{ readonly names: readonly Petname[]; readonly faults: readonly ConfigProblem[] }> {
  const { entries, problems } = await readConfigFile(path, { mayBeAbsent: true });
  const faults = [...problems];
  let names: readonly Petname[] = [];
  for (const { name, raw, where, whereIs } of entries) {
    if (name !== 'names') {
      faults.push({ where, message: `${shown(name)} is not expected here, only the table [names].` });
      continue;
    }
    const found = petnamesOf(raw);
    for (const { name: written, text, why } of found.refused)
      faults.push({
        where: whereIs(written),
        message: `${shown(text)} is not a name with a key: ${why}.`,
      });
    names = found.names.flatMap(({ label, key, name: written }) => {
      const verdict = classifyLabel(key);
      if (verdict.kind === 'key') return [{ label, key }];
      const why = verdict.kind === 'refused' ? refusalToText(verdict.reason) : 'it is none';
      faults.push({ where: whereIs(written), message: `the key of ${label} is not valid: ${why}.` });
      return [];
    });
  }
  return { names, faults };
}

/** The whole file. Labels are bare keys of TOML, and keys need no escape. */
function fileOf(names: readonly Petname[]): string {
  const sorted = [...names].sort((a, b) => (a.label < b.label ? -1 : 1));
  return `# Names for keys: "pkarrd name add" and "pkarrd name remove" write this file.\n[names]\n${sorted
    .map(({ label, key }) => `${label} = "${key}"\n`)
    .join('')}`;
}

/** @throws NameError */
function requireLabel(typed: string): string {
  const label = petnameLabel(typed);
  if (label === undefined)
    throw new NameError(`${shown(typed)} cannot be a name; expected ${petnameAccepts}.`);
  return label;
}

/** @throws NameError */
function requireKey(text: string): void {
  const verdict = classifyLabel(text);
  if (verdict.kind === 'key') return;
  const why = verdict.kind === 'refused' ? `: ${refusalToText(verdict.reason)}` : '';
  throw new NameError(`${shown(text)} is not a public key${why}.`);
}

function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
