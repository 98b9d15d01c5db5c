import { join } from 'node:path';
import { NAMES_FILE, NameBook } from '../app/names/name-book.ts';
import { askProgram } from '../control/client.ts';
import { ControlError } from '../control/socket.ts';
import { silentLog } from '../observe/log.ts';
import { hasKeyText } from '../pkarr/public-key.ts';
import { CommandError, type Invocation, type Terminal } from './command.ts';
import { loadUsedSettings } from './configuration.ts';
import { shownName } from './pkarr-name.ts';
import { directoriesOf } from './system/ask-program.ts';

/** A petname with what stands before it. No name that people write is longer. */
const SHAPE = /^((?:[^.]+\.)*)([^.]+)\.internal\.?$/i;
const MAX_LENGTH = 1_000;

/**
 * `www.alice.internal` as `www.KEY`, and any other text as it is. The running program knows what a petname means; without one, the
 * configuration and the file of names do, as far as this user can read them.
 * @throws CommandError for a petname that there is not.
 */
export async function withoutPetname(
  text: string,
  invocation: Invocation,
  terminal: Terminal,
): Promise<string> {
  const given = text.trim();
  const [, before = '', label] = (given.length > MAX_LENGTH ? null : SHAPE.exec(given)) ?? [];
  if (label === undefined || hasKeyText(label)) return text;
  const key =
    (await askForKey(label, invocation, terminal)) ?? (await readForKey(label, invocation, terminal));
  if (key !== undefined) return `${before}${key}`;
  throw new CommandError(`${shownName(`${label}.internal`)} is no name of a key here. See: pkarrd name list`);
}

/** Undefined when no program answers, or knows no such name. */
async function askForKey(
  label: string,
  invocation: Invocation,
  terminal: Terminal,
): Promise<string | undefined> {
  try {
    const directories = await directoriesOf(invocation, terminal);
    const reply = await askProgram(directories, ['petname', label], { sockets: ['control', 'status'] });
    return (reply as { readonly key?: string }).key;
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    // It does not run, or is of another version: then the files say what is known.
    return undefined;
  }
}

async function readForKey(
  label: string,
  invocation: Invocation,
  terminal: Terminal,
): Promise<string | undefined> {
  const settings = await loadUsedSettings(invocation, terminal, ['names', 'stateDir']);
  const book = await NameBook.open(settings.names, {
    path: join(settings.stateDir, NAMES_FILE),
    log: silentLog,
    onChange: async () => {},
  });
  return book.keyOf(label);
}
