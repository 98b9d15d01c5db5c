import { Type } from '../../dns/codes.ts';
import { substitute } from '../../dns/dname.ts';
import { MAX_NAME_LENGTH, Name } from '../../dns/name.ts';
import { type ResourceRecord, rdataName } from '../../dns/record.ts';
import { classifyLabel, hasKeyText, KEY_TEXT_LENGTH, type PublicKey } from '../../pkarr/public-key.ts';
import { type RecordsAnswer, toRecords } from '../answer.ts';
import type { Layer } from '../query.ts';

/**
 * ICANN resolution 2024.07.29.06: `internal` is reserved "permanently from delegation in the DNS root zone for private-use
 * applications". Chromium opens `KEY.internal` where it searches the web for `KEY` and `KEY.key`.
 */
export const INTERNAL = Name.parse('internal');

/** The domains under which keys resolve when those of the settings are `suffixes`. */
export function withInternal(suffixes: readonly Name[]): readonly Name[] {
  return suffixes.some((suffix) => suffix.equals(INTERNAL)) ? suffixes : [...suffixes, INTERNAL];
}

/**
 * Answers `<name>.<KEY>.<suffix>` as `<name>.<KEY>`, with owner names as they were asked: for browsers, which treat one
 * long label as a search, and for resolvers in front of us that refuse single-label names. Only a label that looks like a
 * key directly before the suffix makes a name ours, valid or not: neither may leave the machine. Every other name is
 * passed on unchanged. A valid key before `internal` is ours as well; other names there may belong to a private network.
 */
export function answerSuffixes(suffixes: readonly Name[]): Layer {
  return (inner) => ({
    async resolve(query, context) {
      const found = findSuffix(query.question.name, suffixes);
      if (found === undefined) return await inner.resolve(query, context);
      const { apex, domain } = found;
      const question = { ...query.question, name: query.question.name.replaceSuffix(domain, apex) };
      const suffix = domain.ancestor(domain.labels.length - 1);
      context.trace?.tell({ of: 'suffix', suffix: String(suffix), name: String(question.name) });
      return renamed(toRecords(await inner.resolve({ ...query, question }, context)), apex, domain);
    },
  });
}

/** Whether the last label of a name looks like a key, or the label before one of the suffixes does, or is one before `internal`. */
export function isKeyName(name: Name, suffixes: readonly Name[]): boolean {
  return hasKeyText(name.labels.at(-1) ?? '') || findSuffix(name, suffixes) !== undefined;
}

/** The key whose packet a name is looked up in; undefined for any other name. */
export function keyOf(name: Name, suffixes: readonly Name[]): PublicKey | undefined {
  const label = classifyLabel((findSuffix(name, suffixes)?.apex ?? name).labels.at(-1) ?? '');
  return label.kind === 'key' ? label.key : undefined;
}

/** The names at and below which answers come from the packet of `key`: the key itself, and the key under each suffix. */
export function namesOfKey(key: PublicKey, suffixes: readonly Name[]): readonly Name[] {
  // A suffix that leaves no room for a key is never matched.
  const roomy = withInternal(suffixes).filter(
    (suffix) => suffix.toWire().length + KEY_TEXT_LENGTH + 1 <= MAX_NAME_LENGTH,
  );
  return [key.name, ...roomy.map((suffix) => suffix.child(key.text))];
}

/** The label before the suffix as a name of its own, and as a name with the suffix. */
function findSuffix(
  name: Name,
  suffixes: readonly Name[],
): { readonly apex: Name; readonly domain: Name } | undefined {
  const suffix =
    suffixes.find((suffix) => hasKeyText(labelBefore(suffix, name))) ??
    (classifyLabel(labelBefore(INTERNAL, name)).kind === 'key' ? INTERNAL : undefined);
  if (suffix === undefined) return undefined;
  const domain = name.ancestor(suffix.labels.length + 1);
  return { domain, apex: domain.replaceSuffix(suffix, suffix.ancestor(0)) };
}

/** The label of `name` that stands before `suffix`; empty if none does. */
function labelBefore(suffix: Name, name: Name): string {
  const count = suffix.labels.length;
  const label = count === 0 ? undefined : name.labels.at(-count - 1);
  return label !== undefined && label.length >= KEY_TEXT_LENGTH && name.isWithin(suffix) ? label : '';
}

/**
 * `answer` with the owner names of the key's zone moved under the suffix, and the alias targets too, so that the chain
 * from the question's name to its data stays complete. A name that would be too long with the suffix is left unchanged,
 * as owner and as target alike. Other names in RDATA stay: we can be asked for them as they are. DNSSEC records are left
 * out: they are valid only for the names that were signed.
 */
export function renamed(answer: RecordsAnswer, from: Name, to: Name): RecordsAnswer {
  const rename = (records: readonly ResourceRecord[]) =>
    records.filter(({ type }) => !ofDnssec.has(type)).map((record) => renameRecord(record, from, to));
  return {
    ...answer,
    answers: rename(answer.answers),
    authorities: rename(answer.authorities),
    additionals: rename(answer.additionals),
  };
}

const ofDnssec: ReadonlySet<number> = new Set([Type.RRSIG, Type.NSEC, Type.NSEC3]);

function renameRecord(record: ResourceRecord, from: Name, to: Name): ResourceRecord {
  const name = renameName(record.name, from, to);
  const isAlias = record.type === Type.CNAME || record.type === Type.DNAME;
  if (!isAlias) return { ...record, name };
  return { ...record, name, rdata: renameName(rdataName(record.rdata), from, to).toWire() };
}

function renameName(name: Name, from: Name, to: Name): Name {
  if (!name.isWithin(from)) return name;
  const renamed = substitute(name, from, to);
  return renamed === 'too-long' ? name : renamed;
}
