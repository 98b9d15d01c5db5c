import {
  missingServiceParameter,
  ServiceParameter,
  type ServiceParameterValue,
  serviceParameterFromText,
  serviceParameterToText,
  serviceParameterValueToText,
} from '../../../dns/service-parameters.ts';
import { ipv4FromText, ipv6FromText } from '../../../ip/text.ts';
import { ZoneFileFault } from './error.ts';
import type { Token } from './lexer.ts';
import { parseBase64, parseInteger, parseOctets, shown } from './values.ts';

/**
 * The SvcParams of an HTTPS or SVCB record (RFC 9460 §2.1) from words `key` or `key=value` in any order; on the wire
 * they are sorted by key. @throws ZoneFileFault.
 */
export function parseServiceParameters(tokens: readonly Token[], end: Token): Uint8Array {
  const parameters: ServiceParameterValue[] = [];
  for (const token of tokens) {
    const parameter = parseParameter(token);
    // RFC 9460 §2.1: in any order, but no key twice.
    if (parameters.some(({ key }) => key === parameter.key)) {
      throw new ZoneFileFault(token, `${serviceParameterToText(parameter.key)} is given twice.`);
    }
    parameters.push(parameter);
  }
  const conflict = missingServiceParameter(parameters);
  if (conflict !== undefined) {
    const [needing, missing] = [conflict.key, conflict.missing].map(serviceParameterToText);
    throw new ZoneFileFault(end, `${needing} needs ${missing} beside it, which is not there.`);
  }
  parameters.sort((a, b) => a.key - b.key);
  return Buffer.concat(parameters.flatMap(({ key, value }) => [u16(key), u16(value.length), value]));
}

function parseParameter(token: Token): ServiceParameterValue {
  const [, keyText = '', valueText] = /^([^=]*)(?:=(.*))?$/s.exec(token.raw) ?? [];
  const key = serviceParameterFromText(keyText);
  if (key === undefined || token.quoted) {
    throw new ZoneFileFault(
      token,
      `${shown(token)} is not a service parameter; write one such as alpn=h2,h3, port=8443 or key65000=text.`,
    );
  }
  const written: Token = { ...token, raw: valueText ?? '', column: token.column + keyText.length + 1 };
  const value = keyText.startsWith('key') ? parseOctets(written) : parseValue(key, keyText, written);
  if (value.length > 0xffff || serviceParameterValueToText({ key, value }) === undefined) {
    throw new ZoneFileFault(token, `${shown(token)} has no right value for ${serviceParameterToText(key)}.`);
  }
  return { key, value };
}

function parseValue(key: number, name: string, token: Token): Uint8Array {
  switch (key) {
    case ServiceParameter.mandatory:
      return parseMandatory(token);
    case ServiceParameter.alpn:
      return parseAlpn(token);
    case ServiceParameter['no-default-alpn']:
    case ServiceParameter.ohttp:
      // RFC 9460 §7.1.1: presentation and wire values are empty.
      if (token.raw !== '') throw new ZoneFileFault(token, `${name} stands alone, without a value.`);
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
    throw new ZoneFileFault(
      token,
      `mandatory must list other parameters, each once, with commas between, not ${shown(token)}.`,
    );
  }
  return Uint8Array.from(sorted.flatMap((key = 0) => [key >>> 8, key & 0xff]));
}

/** RFC 9460 §7.1.1 and Appendix A.1: ids of 1 to 255 octets with commas between; `\,` and `\\` inside an id. */
function parseAlpn(token: Token): Uint8Array {
  const ids: number[][] = [[]];
  let escaped = false;
  for (const octet of parseOctets(token)) {
    if (!escaped && octet === 0x5c) escaped = true;
    else if (!escaped && octet === 0x2c) ids.push([]);
    else {
      ids.at(-1)?.push(octet);
      escaped = false;
    }
  }
  if (escaped || ids.some((id) => id.length === 0 || id.length > 255)) {
    throw new ZoneFileFault(
      token,
      `alpn must list protocol names of 1 to 255 octets with commas between, not ${shown(token)}.`,
    );
  }
  return Uint8Array.from(ids.flatMap((id) => [id.length, ...id]));
}

function parseAddresses(
  token: Token,
  parse: (text: string) => Uint8Array | undefined,
  expected: string,
): Uint8Array {
  const addresses = token.raw.split(',').map((text) => parse(text));
  if (!addresses.every((address) => address !== undefined)) {
    throw new ZoneFileFault(token, `${shown(token)} must be ${expected} with commas between.`);
  }
  return Uint8Array.from(Buffer.concat(addresses));
}

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 0xff);
}

function ascending(a = 0, b = 0): number {
  return a - b;
}
