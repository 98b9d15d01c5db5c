import { domainToUnicode } from 'node:url';
import type { ListedName } from '../../app/names/name-book.ts';
import { withoutInternal } from '../../config/petnames.ts';
import { parsePastedKey } from '../../pkarr/pasted-key.ts';
import { PublicKeyError } from '../../pkarr/public-key.ts';
import {
  type Command,
  configFlag,
  Exit,
  type ExitCode,
  type Invocation,
  jsonFlag,
  type Terminal,
  UsageError,
  writeJson,
} from '../command.ts';
import { printable } from '../printable.ts';
import { columnsOf, padColumns, readerColumns } from '../text-columns.ts';
import { askRunning } from './ask-program.ts';

/** What to do with names. */
const actions = { add: ['NAME', 'KEY'], remove: ['NAME'], list: [] } as const;
type Action = keyof typeof actions;

/** Adds, removes and lists petnames. */
export const name: Command = {
  name: 'name',
  description: [
    'Gives keys names of your own. After "pkarrd name add alice KEY", alice.internal and every name below it mean KEY, for ' +
      'whoever asks the running pkarrd, and http://alice.localhost:8053/ leads to the site of the key. The name is one label ' +
      'of letters, digits and hyphens, and nobody else knows it. A name that is added again means the other key from then on.',
    '"pkarrd name list" shows the names and where each comes from: those of the configuration (the table [names]) win, and ' +
      'only you change them; those that were added are in names.toml in the state directory.',
  ],
  operands: [{ name: 'add|remove|list' }, { name: 'NAME', optional: true }, { name: 'KEY', optional: true }],
  flags: [configFlag, jsonFlag],
  settings: ['stateDir'],
  async run(invocation, terminal) {
    const [action, ...operands] = readAction(invocation);
    switch (action) {
      case 'add':
        return await add(operands, invocation, terminal);
      case 'remove':
        return await remove(operands, invocation, terminal);
      case 'list':
        return await list(invocation, terminal);
    }
  },
};

/** @throws UsageError */
function readAction({ operands }: Invocation): readonly [Action, ...string[]] {
  const [word = '', ...others] = operands;
  const action = (Object.keys(actions) as Action[]).find((known) => known === word);
  if (action === undefined)
    throw new UsageError(`name: ${JSON.stringify(word)} is not known; expected add, remove or list.`);
  const wanted = actions[action];
  if (others.length !== wanted.length)
    throw new UsageError(`name ${action} takes ${wanted.join(' and ') || 'nothing else'}.`);
  return [action, ...others];
}

async function add(
  [typed = '', keyText = '']: readonly string[],
  invocation: Invocation,
  terminal: Terminal,
): Promise<ExitCode> {
  const key = readKey(keyText);
  const { before } = (await askRunning(invocation, terminal, ['name-add', typed, key])) as {
    readonly before?: string;
  };
  const name = withoutInternal(typed);
  if (invocation.has('json'))
    writeJson(terminal, { name, key, ...(before !== undefined && { previousKey: before }) });
  else if (before === undefined) terminal.out(`${name}.internal now means ${key}.\n`);
  else if (before === key) terminal.out(`${name}.internal means ${key}, as before.\n`);
  else terminal.out(`${name}.internal now means ${key}. It meant ${before}.\n`);
  return Exit.OK;
}

async function remove(
  [typed = '']: readonly string[],
  invocation: Invocation,
  terminal: Terminal,
): Promise<ExitCode> {
  const { before } = (await askRunning(invocation, terminal, ['name-remove', typed])) as {
    readonly before: string;
  };
  const name = withoutInternal(typed);
  if (invocation.has('json')) writeJson(terminal, { name, previousKey: before });
  else terminal.out(`${name}.internal is no name any more. It meant ${before}.\n`);
  return Exit.OK;
}

async function list(invocation: Invocation, terminal: Terminal): Promise<ExitCode> {
  const names = (await askRunning(invocation, terminal, ['name-list'])) as readonly ListedName[];
  if (invocation.has('json')) {
    writeJson(terminal, { petnames: names });
    return Exit.OK;
  }
  if (names.length === 0) terminal.out('There are no names. Add one: pkarrd name add NAME KEY\n');
  terminal.out(nameTable(names, readerColumns(terminal)));
  return Exit.OK;
}

/** Names in a line each, or in two where lines of a table are wider than `columns`. */
export function nameTable(names: readonly ListedName[], columns = Number.POSITIVE_INFINITY): string {
  const rows = names.map(({ name, key, from, isHidden }) => ({
    ...{ name: inBothForms(name), key },
    origin: isHidden ? 'added, hidden by the configuration' : from,
  }));
  const width = Math.max(...rows.map(({ name }) => columnsOf(name)));
  const lines = rows.map(({ name, key, origin }) => `${padColumns(name, width)}  ${key}  ${origin}\n`);
  const fits = lines.every((line) => columnsOf(line.trimEnd()) <= columns);
  return (fits ? lines : rows.map(({ name, key, origin }) => `${name}  ${origin}\n  ${key}\n`)).join('');
}

/** A name as people write it with the form that DNS has: `bücher (xn--bcher-kva)`; most names are the same in both. */
function inBothForms(name: string): string {
  const written = domainToUnicode(name);
  return written === '' || written === name ? name : `${printable(written)} (${name})`;
}

/** @throws UsageError */
function readKey(text: string): string {
  try {
    return parsePastedKey(text).text;
  } catch (error) {
    if (!(error instanceof PublicKeyError)) throw error;
    throw new UsageError(error.message);
  }
}
