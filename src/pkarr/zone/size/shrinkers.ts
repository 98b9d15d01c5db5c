import { Type, typeToText } from '../../../dns/codes.ts';
import { Name } from '../../../dns/name.ts';
import type { ResourceRecord } from '../../../dns/record.ts';
import type { Shrinker } from './shrinker.ts';
import { contentOf, namesText, recordsByName, txtOf, txtRdata } from './zone-records.ts';

/** RFC 8463 §4.2: "the public key ... is base64 encoded"; 32 octets are 44 characters. */
const ED25519_KEY = `v=DKIM1; k=ed25519; p=${'A'.repeat(43)}=`;

/** Stands for the name under which a provider has the key of its mail servers: `sel1._domainkey.mail.provider.example`. */
const PROVIDER_NAME: Name = Name.parse('sel1._domainkey.mail.provider.example');

/** Characters of a label from which on it is worth a shorter one. */
const LONG_LABEL = 12;

/** Records that say something to others about a domain of theirs, and nothing about a key. */
export const ofNoUse: Shrinker = (records, apex) => {
  const unused = records.filter(isOfNoUse);
  if (unused.length === 0) return undefined;
  const names = namesText(unused.map(({ name }) => name).filter(isFirst), apex);
  const types = [...new Set(unused.map(({ type }) => typeToText(type)))].join(' and ');
  const text =
    `Leave out ${unused.length === 1 ? 'a record' : `${unused.length} records`} (${types} of ${names}) that ${unused.length === 1 ? 'proves' : 'prove'} to a service ` +
    'or a certificate authority who has a domain: under a key nobody asks for that';
  return { aim: 'unused', text, records: records.filter((record) => !unused.includes(record)) };
};

/** Codes by which services recognise the owner of a domain, and rules for authorities, none of which certifies keys. */
function isOfNoUse(record: ResourceRecord): boolean {
  if (record.type === Type.CAA) return true;
  if (/^_(?:acme-challenge|github|gitlab|dnsauth)/i.test(record.name.labels[0] ?? '')) return true;
  return /^(?:MS=ms|[\w-]*(?:site|domain)-verification[=: ])/i.test(txtOf(record) ?? '');
}

/** Keys of DKIM that are fetched from where a provider keeps them anyway. */
export const dkimByAlias: Shrinker = (records, apex) => {
  const keys = records.filter(isRsaKey);
  if (keys.length === 0) return undefined;
  const names = namesText(keys.map(({ name }) => name).filter(isFirst), apex);
  const text =
    `A CNAME from ${names} to the name under which your mail provider publishes the key itself, if it does (a name of ` +
    `${PROVIDER_NAME.wireLength} octets is counted)`;
  const alias = { type: Type.CNAME, rdata: PROVIDER_NAME.toWire() };
  const changed = records.map((record) => (keys.includes(record) ? { ...record, ...alias } : record));
  return { aim: 'dkim', text, records: changed };
};

/** Keys of DKIM of another algorithm. */
export const dkimOfEd25519: Shrinker = (records, apex) => {
  const keys = records.filter(isRsaKey);
  if (keys.length === 0) return undefined;
  const names = namesText(keys.map(({ name }) => name).filter(isFirst), apex);
  const text =
    `An Ed25519 key for DKIM (RFC 8463) in ${names}: 44 characters in place of an RSA key; some receivers do not ` +
    'check it yet';
  const changed = records.map((record) =>
    keys.includes(record) ? { ...record, rdata: txtRdata(ED25519_KEY) } : record,
  );
  return { aim: 'dkim', text, records: changed };
};

/** RFC 6376 §3.6.1: `k=` is rsa by default; a 1024-bit key has 216 characters of base64. */
function isRsaKey(record: ResourceRecord): boolean {
  if (!record.name.labels.slice(1).some((label) => label.toLowerCase() === '_domainkey')) return false;
  const text = txtOf(record) ?? '';
  return !/\bk\s*=\s*ed25519\b/i.test(text) && /\bp\s*=\s*[\w+/=\s]{150,}/.test(text);
}

/** Names beside each other with the same records. */
export const sharedWildcards: Shrinker = (records, apex) => {
  const all = recordsByName(records);
  const groups = new Map<string, Name[]>();
  for (const { name, records: own } of all) {
    if (name.equals(apex) || /^[_*]/.test(name.labels[0] ?? '')) continue;
    const content = `${name.parent.key} ${own.map(contentOf).sort().join(' ')}`;
    groups.set(content, [...(groups.get(content) ?? []), name]);
  }
  const taken = new Set(all.map(({ name }) => name.key));
  const [best] = [...groups.values()]
    .filter(
      ([first, ...others]) => others.length > 0 && first !== undefined && !taken.has(wildcardOf(first).key),
    )
    .sort((a, b) => b.length - a.length);
  const [first] = best ?? [];
  if (best === undefined || first === undefined) return undefined;
  const wildcard = wildcardOf(first);
  const text =
    `A wildcard in place of ${namesText(best, apex)}, which have the same records: "${namesText([wildcard], apex)}"; it answers for ` +
    'every other name there too';
  const gone = new Set(best.slice(1).map(({ key }) => key));
  const changed = records.flatMap((record) => {
    if (gone.has(record.name.key)) return [];
    return [record.name.equals(first) ? { ...record, name: wildcard } : record];
  });
  return { aim: 'wildcard', text, records: changed };
};

function wildcardOf(name: Name): Name {
  return name.parent.child('*');
}

/** Long labels of names in the zone that somebody chose. Targets keep theirs, so this is the least that is saved. */
export const shortNames: Shrinker = (records, apex) => {
  const long = new Map<string, string>();
  for (const { name } of records)
    for (const label of name.labels.slice(0, -apex.labels.length))
      if (label.length >= LONG_LABEL && !label.startsWith('_'))
        long.set(label, `n${long.size.toString(36).padStart(2, '0')}`);
  if (long.size === 0) return undefined;
  const shown = [...long.keys()].slice(0, 3).map((label) => `"${label}"`);
  const text = `Shorter names than ${shown.join(', ')}${long.size > shown.length ? ' and others' : ''} (3 characters are counted)`;
  const changed = records.map((record) => ({
    ...record,
    name: Name.fromLabels(
      record.name.labels.map((label, at) =>
        at < record.name.labels.length - apex.labels.length ? (long.get(label) ?? label) : label,
      ),
    ),
  }));
  return { aim: 'names', text, records: changed };
};

function isFirst(name: Name, at: number, names: readonly Name[]): boolean {
  return names.findIndex((other) => other.equals(name)) === at;
}
