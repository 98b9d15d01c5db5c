import { compareOctets, concatOctets } from '../../octets/octets.ts';
import { base64Of, hexOf, latin1Of } from '../../octets/text.ts';
import {
  isServiceParameterValue,
  missingServiceParameter,
  readServiceParameters,
  ServiceParameter,
  type ServiceParameterValue,
} from '../rdata/service-parameters.ts';
import { wordFromOctets } from '../text-octets.ts';
import { WireReader } from '../wire-reader.ts';
import { type FixedText, ipv4, ipv6 } from './fixed-text.ts';
import type { PresentationForm } from './presentation-form.ts';
import { EntryError, shown, type Token, unexpected } from './token.ts';
import { integerOctets, parseBase64, parseInteger, parseOctets } from './values.ts';

/**
 * The SvcParams of an HTTPS or SVCB record (RFC 9460 §2.1): words `key` or `key=value` in any order; on the wire they are sorted
 * by key.
 */
export const serviceParameters: PresentationForm = {
  toText(reader) {
    const parameters = readServiceParameters(reader);
    if (parameters === undefined || missingServiceParameter(parameters) !== undefined) return undefined;
    const texts = parameters.map(parameterToText);
    return texts.includes(undefined) ? undefined : texts.join(' ');
  },
  fromWords(words) {
    const byKey = new Map<number, ServiceParameterValue>();
    for (const token of words.rest()) {
      const parameter = parameterFrom(token);
      const { key } = parameter;
      // RFC 9460 §2.1: in any order, but no key twice.
      if (byKey.has(key)) throw new EntryError(token, `Duplicate parameter ${keyToText(key)}.`);
      byKey.set(key, parameter);
    }
    const parameters = [...byKey.values()];
    const conflict = missingServiceParameter(parameters);
    if (conflict !== undefined) {
      const [needing, missing] = [conflict.key, conflict.missing].map(keyToText);
      throw new EntryError(words.context.end, `${needing} requires ${missing}, which is missing.`);
    }
    parameters.sort((a, b) => a.key - b.key);
    return concatOctets(
      parameters.flatMap(({ key, value }) => [integerOctets(key, 2), integerOctets(value.length, 2), value]),
    );
  },
};

/** The form of a value. */
interface ValueForm {
  /** The text of a value of the expected format, empty for a key that stands alone; undefined if it has none. */
  toText(value: Uint8Array): string | undefined;
  /** The value; `name` is that of the key. @throws EntryError */
  fromText(token: Token, name: string): Uint8Array;
}

/** The value of a key that is not known: octets, possibly none. */
const octets: ValueForm = {
  toText: (value) => (value.length === 0 ? '' : wordFromOctets(value)),
  fromText: parseOctets,
};

/** RFC 9460 §7.1.1: presentation and wire values are empty. */
const nothing: ValueForm = {
  toText: () => '',
  fromText: (token, name) => {
    if (token.raw !== '') throw new EntryError(token, `${name} takes no value.`);
    return new Uint8Array(0);
  },
};

const forms: Readonly<Record<keyof typeof ServiceParameter, ValueForm>> = {
  // RFC 9460 §8: a list of other keys, each once, which is sorted on the wire.
  mandatory: items({
    size: 2,
    expected: 'other parameters, each once',
    toText: (item) => keyToText(numberOf(item)),
    fromText: (text) => octetsOf(keyFromText(text) || undefined),
    isSet: true,
    isSorted: true,
  }),
  alpn: strings('protocol names'),
  'no-default-alpn': nothing,
  port: {
    toText: (value) => String(numberOf(value)),
    fromText: (token, name) => integerOctets(parseInteger(token, name, 0xffff), 2),
  },
  ipv4hint: items({ ...ipv4, expected: 'IPv4 addresses' }),
  ech: {
    toText: (value) => base64Of(value) || undefined,
    fromText: (token, name) => parseBase64([token], name),
  },
  ipv6hint: items({ ...ipv6, expected: 'IPv6 addresses' }),
  // RFC 9461 §5: "a URI Template in relative form" that "MUST contain a "dns" variable".
  dohpath: {
    toText: (value) => (isDohPath(value) ? wordFromOctets(value) : undefined),
    fromText: (token, name) => {
      const value = parseOctets(token);
      if (isDohPath(value)) return value;
      throw isNot(token, name, 'a path with the variable dns, such as /dns-query{?dns}');
    },
  },
  ohttp: nothing,
  // draft-ietf-tls-key-share-prediction §3.1: numbers of TLS groups, at least one, each once.
  'tls-supported-groups': items({
    size: 2,
    expected: 'numbers of TLS groups, each once',
    toText: (item) => String(numberOf(item)),
    fromText: (text) => octetsOf(/^\d{1,5}$/.test(text) ? Number(text) : undefined),
    isSet: true,
  }),
  docpath: strings('path segments'),
};

const names = new Map<number, keyof typeof ServiceParameter>(
  Object.entries(ServiceParameter).map(([text, key]) => [key, text as keyof typeof ServiceParameter]),
);

function formOf(key: number): ValueForm {
  const name = names.get(key);
  return name === undefined ? octets : forms[name];
}

/** The name of a SvcParamKey, or `key667` (RFC 9460 §2.1). */
function keyToText(key: number): string {
  return names.get(key) ?? `key${key}`;
}

/** The SvcParamKey that a name or `keyNNN` means, 0 to 65,535; undefined when there is none. */
function keyFromText(text: string): number | undefined {
  if (Object.hasOwn(ServiceParameter, text)) return ServiceParameter[text as keyof typeof ServiceParameter];
  // RFC 9460 §2.1: "keyNNNNN" where NNNNN is the numeric value of the key type without leading zeros.
  const key = /^key(0|[1-9]\d{0,4})$/.exec(text)?.[1];
  return key !== undefined && Number(key) <= 0xffff ? Number(key) : undefined;
}

/** One SvcParam, `alpn=h2,h3`; undefined when the value is malformed for its key. */
function parameterToText(parameter: ServiceParameterValue): string | undefined {
  const { key, value } = parameter;
  const text = isServiceParameterValue(parameter) ? formOf(key).toText(value) : undefined;
  return text === '' ? keyToText(key) : text && `${keyToText(key)}=${text}`;
}

function parameterFrom(token: Token): ServiceParameterValue {
  const [, name = '', text = ''] = /^([^=]*)(?:=(.*))?$/s.exec(token.raw) ?? [];
  const key = keyFromText(name);
  if (key === undefined || token.quoted) {
    throw unexpected(
      token,
      `is not a service parameter; write one such as alpn=h2,h3, port=8443 or key65000=text.`,
    );
  }
  const written: Token = { ...token, raw: text, column: token.column + name.length + 1 };
  const value = (name.startsWith('key') ? octets : formOf(key)).fromText(written, name);
  if (value.length > 0xffff || parameterToText({ key, value }) === undefined)
    throw unexpected(token, `is not a valid ${keyToText(key)}.`);
  return { key, value };
}

function isNot(token: Token, name: string, expected: string): EntryError {
  return new EntryError(token, `${name} must be ${expected}, not ${shown(token)}.`);
}

function isDohPath(value: Uint8Array): boolean {
  return /^\/.*\{[^{}]*\bdns\b[^{}]*\}/s.test(latin1Of(value));
}

/**
 * Comma-separated items of 1 to 255 octets (RFC 9460 Appendix A.1), with `\,` and `\\` for these characters in an item. No item is
 * an empty value, which only `docpath` may have (RFC 9953 §3.2: "a comma-separated list of 0 or more path segments").
 */
function strings(expected: string): ValueForm {
  return {
    toText: (value) => {
      const reader = new WireReader(value);
      const text: number[] = [];
      while (reader.remaining > 0) {
        if (text.length > 0) text.push(COMMA);
        for (const octet of reader.take(reader.u8())) {
          if (octet === COMMA || octet === BACKSLASH) text.push(BACKSLASH);
          text.push(octet);
        }
      }
      return octets.toText(Uint8Array.from(text));
    },
    fromText: (token, name) => {
      if (token.raw === '' && name === 'docpath') return new Uint8Array(0);
      const list: number[][] = [[]];
      let escaped = false;
      for (const octet of parseOctets(token)) {
        if (!escaped && octet === BACKSLASH) escaped = true;
        else if (!escaped && octet === COMMA) list.push([]);
        else {
          list.at(-1)?.push(octet);
          escaped = false;
        }
      }
      if (escaped || list.some(({ length }) => length === 0 || length > 255))
        throw isNot(token, name, `a comma-separated list of ${expected} of 1 to 255 octets`);
      return concatOctets(list.flatMap((item) => [[item.length], item]));
    },
  };
}

const [COMMA, BACKSLASH] = [0x2c, 0x5c];

/** Comma-separated items, at least one; possibly each once, and possibly sorted on the wire. */
function items(form: FixedText & { readonly isSet?: boolean; readonly isSorted?: boolean }): ValueForm {
  const { size, expected } = form;
  const isValid = (found: readonly Uint8Array[]) =>
    form.isSet !== true || new Set(found.map(hexOf)).size === found.length;
  return {
    toText: (value) => {
      const found = Array.from({ length: Math.ceil(value.length / size) }, (_, at) =>
        value.subarray(at * size, (at + 1) * size),
      );
      if (found.at(-1)?.length !== size || !isValid(found)) return undefined;
      return found.map(form.toText).join(',');
    },
    fromText: (token, name) => {
      const found = token.raw.split(',').map(form.fromText);
      if (!found.every((item) => item !== undefined) || !isValid(found))
        throw isNot(token, name, `a comma-separated list of ${expected}`);
      if (form.isSorted === true) found.sort(compareOctets);
      return concatOctets(found);
    },
  };
}

/** The number of two octets. */
function numberOf([high = 0, low = 0]: Uint8Array): number {
  return (high << 8) | low;
}

function octetsOf(number: number | undefined): Uint8Array | undefined {
  return number === undefined || number > 0xffff ? undefined : integerOctets(number, 2);
}
