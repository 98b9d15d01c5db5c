import {
  isDohPath,
  serviceParameterFromText,
  serviceParameterToText,
  serviceParameterValueToText,
} from '../../../dns/presentation/service-parameters.ts';
import {
  missingServiceParameter,
  ServiceParameter,
  type ServiceParameterValue,
} from '../../../dns/service-parameters.ts';
import { ipv4FromText, ipv6FromText } from '../../../ip/text.ts';
import { concatOctets } from '../../../octets/octets.ts';
import { EntryError } from './error.ts';
import type { Token } from './lexer.ts';
import { parseBase64, parseInteger, parseOctets, shown } from './values.ts';

/**
 * The SvcParams of an HTTPS or SVCB record (RFC 9460 §2.1) from words `key` or `key=value` in any order; on the wire
 * they are sorted by key. @throws EntryError.
 */
export function parseServiceParameters(tokens: readonly Token[], end: Token): Uint8Array {
  const parameters: ServiceParameterValue[] = [];
  const keys = new Set<number>();
  for (const token of tokens) {
    const parameter = parseParameter(token);
    // RFC 9460 §2.1: in any order, but no key twice.
    if (keys.has(parameter.key)) {
      throw new EntryError(token, `Duplicate parameter ${serviceParameterToText(parameter.key)}.`);
    }
    keys.add(parameter.key);
    parameters.push(parameter);
  }
  const conflict = missingServiceParameter(parameters);
  if (conflict !== undefined) {
    const [needing, missing] = [conflict.key, conflict.missing].map(serviceParameterToText);
    throw new EntryError(end, `${needing} requires ${missing}, which is missing.`);
  }
  parameters.sort((a, b) => a.key - b.key);
  return concatOctets(parameters.flatMap(({ key, value }) => [u16(key), u16(value.length), value]));
}

function parseParameter(token: Token): ServiceParameterValue {
  const [, keyText = '', valueText] = /^([^=]*)(?:=(.*))?$/s.exec(token.raw) ?? [];
  const key = serviceParameterFromText(keyText);
  if (key === undefined || token.quoted) {
    throw new EntryError(
      token,
      `${shown(token)} is not a service parameter; write one such as alpn=h2,h3, port=8443 or key65000=text.`,
    );
  }
  const written: Token = { ...token, raw: valueText ?? '', column: token.column + keyText.length + 1 };
  const value = keyText.startsWith('key') ? parseOctets(written) : parseValue(key, keyText, written);
  if (value.length > 0xffff || serviceParameterValueToText({ key, value }) === undefined) {
    throw new EntryError(token, `${shown(token)} is not a valid ${serviceParameterToText(key)}.`);
  }
  return { key, value };
}

function parseValue(key: number, name: string, token: Token): Uint8Array {
  switch (key) {
    case ServiceParameter.mandatory:
      return parseMandatory(token);
    case ServiceParameter.alpn:
      return parseList(token, name, 'protocol names');
    case ServiceParameter.docpath:
      // RFC 9953 §3.2: "a comma-separated list of 0 or more path segments"; none is the root path.
      return token.raw === '' ? new Uint8Array(0) : parseList(token, name, 'path segments');
    case ServiceParameter.dohpath:
      return parseDohPath(token);
    case ServiceParameter['tls-supported-groups']:
      return parseGroups(token, name);
    case ServiceParameter['no-default-alpn']:
    case ServiceParameter.ohttp:
      // RFC 9460 §7.1.1: presentation and wire values are empty.
      if (token.raw !== '') throw new EntryError(token, `${name} takes no value.`);
      return new Uint8Array(0);
    case ServiceParameter.port: {
      const port = parseInteger(token, name, 0xffff);
      return u16(port);
    }
    case ServiceParameter.ipv4hint:
      return parseAddresses(token, ipv4FromText, 'IPv4 addresses');
    case ServiceParameter.ipv6hint:
      return parseAddresses(token, ipv6FromText, 'IPv6 addresses');
    case ServiceParameter.ech:
      return parseBase64([token], name);
    default:
      return parseOctets(token);
  }
}

/** RFC 9460 §8: a list of other keys, each once; sorted on the wire. */
function parseMandatory(token: Token): Uint8Array {
  const keys = token.raw.split(',').map((text) => serviceParameterFromText(text));
  const sorted = keys
    .filter((key) => key !== undefined && key !== ServiceParameter.mandatory)
    .sort(ascending);
  if (sorted.length !== keys.length || new Set(keys).size !== keys.length) {
    throw new EntryError(
      token,
      `mandatory must be a comma-separated list of other parameters, each once, not ${shown(token)}.`,
    );
  }
  return Uint8Array.from(sorted.flatMap((key = 0) => [key >>> 8, key & 0xff]));
}

function parseDohPath(token: Token): Uint8Array {
  const octets = parseOctets(token);
  if (isDohPath(octets)) return octets;
  throw new EntryError(
    token,
    `dohpath must be a path with the variable dns, such as /dns-query{?dns}, not ${shown(token)}.`,
  );
}

/** draft-ietf-tls-key-share-prediction §3.1: numbers of TLS groups, each once. */
function parseGroups(token: Token, name: string): Uint8Array {
  const groups = token.raw.split(',').map((raw) => parseInteger({ ...token, raw }, name, 0xffff));
  if (new Set(groups).size !== groups.length)
    throw new EntryError(token, `Duplicate group in ${shown(token)}.`);
  return Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]));
}

/** RFC 9460 Appendix A.1: comma-separated items of 1 to 255 octets, with `\,` and `\\` for these characters in an item. */
function parseList(token: Token, name: string, items: string): Uint8Array {
  const list: number[][] = [[]];
  let escaped = false;
  for (const octet of parseOctets(token)) {
    if (!escaped && octet === 0x5c) escaped = true;
    else if (!escaped && octet === 0x2c) list.push([]);
    else {
      list.at(-1)?.push(octet);
      escaped = false;
    }
  }
  if (escaped || list.some(({ length }) => length === 0 || length > 255)) {
    throw new EntryError(
      token,
      `${name} must be a comma-separated list of ${items} of 1 to 255 octets, not ${shown(token)}.`,
    );
  }
  return Uint8Array.from(list.flatMap((item) => [item.length, ...item]));
}

function parseAddresses(
  token: Token,
  parse: (text: string) => Uint8Array | undefined,
  expected: string,
): Uint8Array {
  const addresses = token.raw.split(',').map((text) => parse(text));
  if (!addresses.every((address) => address !== undefined)) {
    throw new EntryError(token, `${shown(token)} is not a comma-separated list of ${expected}.`);
  }
  return concatOctets(addresses);
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

function ascending(a = 0, b = 0): number {
  return a - b;
}
