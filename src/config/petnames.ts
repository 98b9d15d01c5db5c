import { tryParseTypedName } from '../dns/typed-name.ts';
import type { Kind } from './setting-kinds.ts';
import { publicKey } from './value-kinds.ts';

/** A name of one's own for a key: `alice` makes `alice.internal` mean the key. */
export interface Petname {
  /** One label in lower case: see `petnameLabel`. */
  readonly label: string;
  /** A public key as its text; whether it is a point of the curve is not looked at here. */
  readonly key: string;
}

/** A petname, and its name as it was written. */
export interface WrittenPetname extends Petname {
  readonly name: string;
}

/** The most names of one table. */
export const MAX_PETNAMES = 1000;

/** RFC 952 and RFC 1123 §2.1: letters, digits and hyphens, no hyphen first or last; RFC 1035 §2.3.4: 63 octets at most. */
const LDH = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A key, valid or not, as the whole of a label or a part of it. */
const KEY_INSIDE = /[ybndrfg8ejkmcpqxot1uwisza345h769]{52}/;

/** What names of this machine and of sites begin with. */
const RESERVED: ReadonlySet<string> = new Set(['localhost', 'www']);

/** An entry as people write it. */
const EXAMPLE = 'alice = "KEY"';

/** What `petnameLabel` accepts, to follow "expected". */
export const petnameAccepts =
  'one label of letters, digits and hyphens that is no key, and not localhost or www';

/**
 * The label of a petname as somebody typed it, in letters of any script, with or without `.internal`: in ASCII and lower case;
 * undefined when it cannot be one.
 */
export function petnameLabel(text: string): string | undefined {
  const verdict = judgeName(text);
  return 'label' in verdict ? verdict.label : undefined;
}

/** The label, or why there is none, as a clause. */
function judgeName(text: string): { readonly label: string } | { readonly why: string } {
  const name = tryParseTypedName(withoutInternal(text));
  const label = name?.labels[0]?.toLowerCase() ?? '';
  if (name !== undefined && name.labels.length > 1) return { why: 'the name has more than one label' };
  if (!LDH.test(label)) return { why: 'the name is not one label of letters, digits and hyphens' };
  if (KEY_INSIDE.test(label)) return { why: 'the name has a key in it' };
  return RESERVED.has(label) ? { why: `${label} means something else` } : { label };
}

/** What a person typed for a petname, without the `.internal` that its names in DNS end with. */
export function withoutInternal(typed: string): string {
  return typed.replace(/(?<=.)\.internal\.?$/i, '');
}

/** Names for keys: a table of TOML, or words of the form `alice=KEY`. Whatever is not valid is refused by itself. */
export const petnames: Kind<readonly Petname[]> = {
  placeholder: 'NAME=KEY',
  accepts: `a name and a public key, as in ${EXAMPLE}; the name is ${petnameAccepts}, and no name comes twice; or none`,
  isList: true,
  read(raw) {
    const { names, refused } = petnamesOf(raw);
    if (refused.length === 0) return { ok: true, value: names.map(({ label, key }) => ({ label, key })) };
    const texts = refused.map(({ text }) => text);
    const reasons = refused.map(({ why }) => why);
    return isTable(raw)
      ? { ok: false, refused: texts, reasons, fields: refused.map(({ name }) => name) }
      : { ok: false, refused: texts, reasons };
  },
  toText: (names) =>
    names.length === 0 ? 'none' : names.map(({ label, key }) => `${label}=${key}`).join(' '),
};

/** A name and a value as they were written; `text` is both. */
interface Written {
  readonly name: string;
  readonly value: unknown;
  readonly text: string;
}

/** The names of a value of TOML, a flag or a variable, and what is none. */
export function petnamesOf(raw: unknown): {
  readonly names: readonly WrittenPetname[];
  /** `text` is the name and the value, as they were written, `why` a clause. */
  readonly refused: readonly { readonly name: string; readonly text: string; readonly why: string }[];
} {
  const names = new Map<string, WrittenPetname>();
  const refused: (Written & { readonly why: string })[] = [];
  for (const one of entriesOf(raw)) {
    const verdict = judgeName(one.name);
    const key = publicKey.read(one.value);
    if (one.name === '') refused.push({ ...one, why: `expected a name and a key, as in ${EXAMPLE}` });
    else if ('why' in verdict) refused.push({ ...one, why: verdict.why });
    else if (!key.ok) refused.push({ ...one, why: `the key is not ${publicKey.accepts}` });
    else if (names.has(verdict.label)) refused.push({ ...one, why: 'the name comes twice' });
    else if (names.size >= MAX_PETNAMES)
      refused.push({ ...one, why: `there are ${MAX_PETNAMES} names already, the most there may be` });
    else names.set(verdict.label, { label: verdict.label, key: key.value, name: one.name });
  }
  return { names: [...names.values()], refused };
}

function isTable(raw: unknown): raw is object {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) && !(raw instanceof Date);
}

function entriesOf(raw: unknown): readonly Written[] {
  if (isTable(raw)) {
    return Object.entries(raw).map(([name, value]) => ({
      name,
      value,
      text: `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    }));
  }
  const words: readonly unknown[] = Array.isArray(raw) ? raw : [raw];
  if (words.length === 0 || (words.length === 1 && words[0] === 'none')) return [];
  return words.map((word) => {
    const text = typeof word === 'string' ? word : String(JSON.stringify(word));
    const at = text.indexOf('=');
    return { name: text.slice(0, Math.max(0, at)), value: text.slice(at + 1), text };
  });
}
