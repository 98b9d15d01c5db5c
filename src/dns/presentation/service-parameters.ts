import { ipv4FromText, ipv4ToText, ipv6FromText, ipv6ToText } from '../../ip/text.ts';
import { concatOctets } from '../../octets/octets.ts';
import { base64Of, latin1Of } from '../../octets/text.ts';
import {
  isServiceParameterValue,
  missingServiceParameter,
  readServiceParameters,
  ServiceParameter,
  type ServiceParameterValue,
  serviceParameterNumbers,
} from '../rdata/service-parameters.ts';
import { wordFromOctets } from '../text-octets.ts';
import { WireReader } from '../wire-reader.ts';
import type { PresentationForm } from './presentation-form.ts';
import { EntryError, shown, type Token } from './token.ts';
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
  // RFC 9460 §8: a list of other keys, each once; sorted on the wire.
  mandatory: {
    toText: (value) => serviceParameterNumbers(value).map(keyToText).join(','),
    fromText: (token) => {
      const keys = token.raw.split(',').map((text) => keyFromText(text) ?? ServiceParameter.mandatory);
      if (keys.includes(ServiceParameter.mandatory) || hasDuplicates(keys))
        throw isNot(token, 'mandatory', 'a comma-separated list of other parameters, each once');
      return numbersOf(keys.sort((a, b) => a - b));
    },
  },
  alpn: list('protocol names'),
  'no-default-alpn': nothing,
  port: {
    toText: (value) => serviceParameterNumbers(value).join(''),
    fromText: (token, name) => integerOctets(parseInteger(token, name, 0xffff), 2),
  },
  ipv4hint: addresses(4, ipv4ToText, ipv4FromText, 'IPv4 addresses'),
  ech: {
    toText: (value) => base64Of(value) || undefined,
    fromText: (token, name) => parseBase64([token], name),
  },
  ipv6hint: addresses(16, ipv6ToText, ipv6FromText, 'IPv6 addresses'),
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
  'tls-supported-groups': {
    toText: (value) => {
      const groups = serviceParameterNumbers(value);
      const isValid = value.length > 0 && value.length % 2 === 0 && !hasDuplicates(groups);
      return isValid ? groups.join(',') : undefined;
    },
    fromText: (token, name) => {
      const groups = token.raw.split(',').map((raw) => parseInteger({ ...token, raw }, name, 0xffff));
      if (hasDuplicates(groups)) throw new EntryError(token, `Duplicate group in ${shown(token)}.`);
      return numbersOf(groups);
    },
  },
  docpath: list('path segments'),
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
    throw new EntryError(
      token,
      `${shown(token)} is not a service parameter; write one such as alpn=h2,h3, port=8443 or key65000=text.`,
    );
  }
  const written: Token = { ...token, raw: text, column: token.column + name.length + 1 };
  const value = (name.startsWith('key') ? octets : formOf(key)).fromText(written, name);
  if (value.length > 0xffff || parameterToText({ key, value }) === undefined)
    throw new EntryError(token, `${shown(token)} is not a valid ${keyToText(key)}.`);
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
function list(items: string): ValueForm {
  return {
    toText: (value) => {
      const reader = new WireReader(value);
      const text: number[] = [];
      while (reader.remaining > 0) {
        if (text.length > 0) text.push(COMMA);
        for (const octet of reader.take(reader.u8('item length'), 'item')) {
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
        throw isNot(token, name, `a comma-separated list of ${items} of 1 to 255 octets`);
      return concatOctets(list.flatMap((item) => [[item.length], item]));
    },
  };
}

const [COMMA, BACKSLASH] = [0x2c, 0x5c];

function addresses(
  size: number,
  toText: (octets: Uint8Array) => string,
  fromText: (text: string) => Uint8Array | undefined,
  expected: string,
): ValueForm {
  return {
    toText: (value) =>
      Array.from({ length: value.length / size }, (_, at) =>
        toText(value.subarray(at * size, (at + 1) * size)),
      ).join(','),
    fromText: (token) => {
      const found = token.raw.split(',').map(fromText);
      if (found.every((address) => address !== undefined)) return concatOctets(found);
      throw new EntryError(token, `${shown(token)} is not a comma-separated list of ${expected}.`);
    },
  };
}

function hasDuplicates(numbers: readonly number[]): boolean {
  return new Set(numbers).size < numbers.length;
}

function numbersOf(numbers: readonly number[]): Uint8Array {
  return Uint8Array.from(numbers.flatMap((number) => [number >>> 8, number & 0xff]));
}
