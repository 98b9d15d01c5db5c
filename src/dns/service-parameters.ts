import { ipv4ToText, ipv6ToText } from '../ip/text.ts';
import { wordFromOctets } from './text-octets.ts';
import { WireReader } from './wire-reader.ts';

/** SvcParamKeys that have a name (IANA "Service Parameter Keys (SvcParamKeys)": RFC 9460, RFC 9461, RFC 9540, RFC 9953). */
export const ServiceParameter = {
  mandatory: 0,
  alpn: 1,
  'no-default-alpn': 2,
  port: 3,
  ipv4hint: 4,
  ech: 5,
  ipv6hint: 6,
  dohpath: 7,
  ohttp: 8,
  'tls-supported-groups': 9,
  docpath: 10,
} as const;

const names = new Map<number, string>(Object.entries(ServiceParameter).map(([text, key]) => [key, text]));

/** The name of a SvcParamKey, or `key667` (RFC 9460 §2.1). */
export function serviceParameterToText(key: number): string {
  return names.get(key) ?? `key${key}`;
}

/** The SvcParamKey that a name or `keyNNN` means, 0 to 65,535; undefined when there is none. */
export function serviceParameterFromText(text: string): number | undefined {
  if (Object.hasOwn(ServiceParameter, text)) return ServiceParameter[text as keyof typeof ServiceParameter];
  // RFC 9460 §2.1: "keyNNNNN" where NNNNN is the numeric value of the key type without leading zeros.
  const key = /^key(0|[1-9]\d{0,4})$/.exec(text)?.[1];
  return key !== undefined && Number(key) <= 0xffff ? Number(key) : undefined;
}

/** One SvcParam in wire form. */
export interface ServiceParameterValue {
  readonly key: number;
  readonly value: Uint8Array;
}

/**
 * Reads SvcParams to the end; undefined when they are not in strictly increasing order: RFC 9460 §2.2,
 * "Clients MUST consider an RR malformed if ... SvcParamKeys are not in strictly increasing numeric order".
 * @throws WireError `truncated`.
 */
export function readServiceParameters(reader: WireReader): ServiceParameterValue[] | undefined {
  const parameters: ServiceParameterValue[] = [];
  let previous = -1;
  while (reader.remaining > 0) {
    const key = reader.u16('SvcParamKey');
    const value = reader.take(reader.u16('SvcParamValue length'), 'SvcParamValue');
    if (key <= previous) return undefined;
    parameters.push({ key, value });
    previous = key;
  }
  return parameters;
}

/**
 * A missing dependency: `key` is present and requires `missing`, which is not. RFC 9460 §7.1.1:
 * no-default-alpn is only allowed together with alpn; §8: every key that mandatory lists must be in the record.
 */
export function missingServiceParameter(
  parameters: readonly ServiceParameterValue[],
): { readonly key: number; readonly missing: number } | undefined {
  for (const { key, value } of parameters) {
    const missing = neededBy(key, value).find((needed) => !parameters.some((other) => other.key === needed));
    if (missing !== undefined) return { key, missing };
  }
  return undefined;
}

function neededBy(key: number, value: Uint8Array): number[] {
  if (key === ServiceParameter['no-default-alpn']) return [ServiceParameter.alpn];
  return key === ServiceParameter.mandatory ? readNumbers(value) : [];
}

/**
 * One SvcParam in presentation form, `alpn=h2,h3`; undefined when the value is malformed for its key.
 */
export function serviceParameterValueToText({ key, value }: ServiceParameterValue): string | undefined {
  const name = serviceParameterToText(key);
  const text = valueToText(key, value);
  if (text === undefined) return undefined;
  return text === '' ? name : `${name}=${text}`;
}

/** The value's text, empty for a key that stands alone. */
function valueToText(key: number, value: Uint8Array): string | undefined {
  switch (key) {
    case ServiceParameter.mandatory:
      return mandatoryToText(value);
    case ServiceParameter.alpn:
      return listToText(value) || undefined;
    case ServiceParameter.docpath:
      return listToText(value);
    case ServiceParameter.dohpath:
      return isDohPath(value) ? wordFromOctets(value) : undefined;
    case ServiceParameter['tls-supported-groups']:
      return groupsToText(value);
    case ServiceParameter['no-default-alpn']:
    case ServiceParameter.ohttp:
      return value.length === 0 ? '' : undefined;
    case ServiceParameter.port:
      return value.length === 2 ? String(new WireReader(value).u16('port')) : undefined;
    case ServiceParameter.ipv4hint:
      return addressesToText(value, 4, ipv4ToText);
    case ServiceParameter.ipv6hint:
      return addressesToText(value, 16, ipv6ToText);
    case ServiceParameter.ech:
      return value.length === 0 ? undefined : Buffer.from(value).toString('base64');
    default:
      return value.length === 0 ? '' : wordFromOctets(value);
  }
}

/** RFC 9460 §8: "listed in strictly increasing numeric order", and never key 0 itself. */
function mandatoryToText(value: Uint8Array): string | undefined {
  if (value.length === 0 || value.length % 2 !== 0) return undefined;
  const keys = readNumbers(value);
  if (keys.some((key, index) => key <= (keys[index - 1] ?? ServiceParameter.mandatory))) return undefined;
  return keys.map(serviceParameterToText).join(',');
}

/** The numbers of two octets in a value, whole ones only. */
function readNumbers(value: Uint8Array): number[] {
  const reader = new WireReader(value);
  const keys: number[] = [];
  while (reader.remaining >= 2) keys.push(reader.u16('number'));
  return keys;
}

/** RFC 9461 §5: "a URI Template in relative form" that "MUST contain a "dns" variable". */
export function isDohPath(value: Uint8Array): boolean {
  return /^\/.*\{[^{}]*\bdns\b[^{}]*\}/s.test(Buffer.from(value).toString('latin1'));
}

/** RFC 9460 Appendix A.1: in an item of a value-list, `,` and `\` have a backslash before them. Empty for no item. */
function listToText(value: Uint8Array): string | undefined {
  const reader = new WireReader(value);
  const list: number[] = [];
  while (reader.remaining > 0) {
    const length = reader.u8('item length');
    if (length === 0 || length > reader.remaining) return undefined;
    if (list.length > 0) list.push(0x2c);
    for (const octet of reader.take(length, 'item')) {
      if (octet === 0x2c || octet === 0x5c) list.push(0x5c);
      list.push(octet);
    }
  }
  return list.length === 0 ? '' : wordFromOctets(Uint8Array.from(list));
}

/** draft-ietf-tls-key-share-prediction §3.1: numbers of two octets, at least one, each once. */
function groupsToText(value: Uint8Array): string | undefined {
  if (value.length === 0 || value.length % 2 !== 0) return undefined;
  const groups = readNumbers(value);
  return new Set(groups).size === groups.length ? groups.join(',') : undefined;
}

function addressesToText(
  value: Uint8Array,
  size: number,
  toText: (octets: Uint8Array) => string,
): string | undefined {
  if (value.length === 0 || value.length % size !== 0) return undefined;
  const texts: string[] = [];
  for (let at = 0; at < value.length; at += size) texts.push(toText(value.subarray(at, at + size)));
  return texts.join(',');
}
