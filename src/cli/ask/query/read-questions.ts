import { isMetaType, Type, typeFromText } from '../../../dns/codes.ts';
import type { Name } from '../../../dns/name.ts';
import { type Invocation, UsageError } from '../../command.ts';
import { type GivenName, readName } from '../../read-name.ts';

/** A question of the command line. */
export interface GivenQuestion {
  readonly name: Name;
  readonly type: number;
}

/** What is asked, and whom. */
export interface GivenQuery {
  /** The resolver behind the `@`; absent for the running program. */
  readonly server?: string;
  /** One name with each of its types. */
  readonly questions: readonly [GivenQuestion, ...GivenQuestion[]];
}

/** A name, and how it was written. */
type ShownName = GivenName & { readonly shown: string };

/** More types than a person asks for at once; each is a query. */
const MAX_TYPES = 32;

/**
 * Reads `[@SERVER] NAME [TYPE]...`, in any order as `dig` does, or `-x ADDRESS` in place of the name.
 * @throws UsageError
 */
export function readQuestions({ operands, value }: Pick<Invocation, 'operands' | 'value'>): GivenQuery {
  const servers = operands.filter((word) => word.startsWith('@')).map((word) => word.slice(1));
  const [server, ...moreServers] = servers;
  if (server === '') throw new UsageError('query: the server behind @ is missing.');
  if (moreServers.length > 0) throw new UsageError('query: only one @SERVER can be asked.');
  const words = operands.filter((word) => !word.startsWith('@'));
  const reverse = value('reverse');
  const [given, types] = reverse === undefined ? nameAndTypes(words) : [readReverse(reverse), words];
  if (types.length > MAX_TYPES) throw new UsageError(`query: at most ${MAX_TYPES} types can be asked for.`);
  const questions = [...new Set(types)].map((text) => ({ name: given.name, type: readType(text, given) }));
  const usual = { name: given.name, type: given.isAddress ? Type.PTR : Type.A };
  const [first = usual, ...rest] = questions;
  return { ...(server !== undefined && { server }), questions: [first, ...rest] };
}

/** The name is the first word that is no type, or the first of all: `A` may be a name too. */
function nameAndTypes(words: readonly string[]): readonly [ShownName, readonly string[]] {
  if (words.length === 0) throw new UsageError('query: NAME is missing.');
  const index = Math.max(
    0,
    words.findIndex((word) => typeFromText(word) === undefined),
  );
  const isSwapped = words.length > 1 && index === words.length - 1;
  const at = isSwapped ? index : 0;
  const shown = words[at] ?? '';
  return [{ ...readName(shown), shown }, words.filter((_, other) => other !== at)];
}

/** @throws UsageError */
function readReverse(text: string): ShownName {
  const given = readName(text);
  if (given.isAddress) return { ...given, shown: text };
  throw new UsageError(`-x: ${JSON.stringify(text)} is not an IP address.`);
}

/** @throws UsageError */
function readType(text: string, { isAddress, shown }: ShownName): number {
  const type = typeFromText(text);
  if (type === undefined || (isMetaType(type) && type !== Type.ANY))
    throw new UsageError(`${JSON.stringify(text)} is not a record type that can be asked for.`);
  if (isAddress && type !== Type.PTR && type !== Type.ANY)
    throw new UsageError(`${JSON.stringify(shown)} is an address, of which only PTR can be asked for.`);
  return type;
}
