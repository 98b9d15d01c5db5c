import { ipv4ToText, ipv6ToText } from '../../ip/text.ts';
import { base64Of, latin1Of } from '../../octets/text.ts';
import {
  isServiceParameterValue,
  ServiceParameter,
  type ServiceParameterValue,
  serviceParameterNumbers,
} from '../service-parameters.ts';
import { wordFromOctets } from '../text-octets.ts';
import { WireReader } from '../wire-reader.ts';

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

/** One SvcParam in presentation form, `alpn=h2,h3`; undefined when the value is malformed for its key. */
export function serviceParameterValueToText(parameter: ServiceParameterValue): string | undefined {
  if (!isServiceParameterValue(parameter)) return undefined;
  const name = serviceParameterToText(parameter.key);
  const text = valueToText(parameter);
  if (text === undefined) return undefined;
  return text === '' ? name : `${name}=${text}`;
}

/** The text of a value of the expected format, empty for a key that stands alone; undefined if it has none. */
function valueToText({ key, value }: ServiceParameterValue): string | undefined {
  switch (key) {
    case ServiceParameter.mandatory:
      return serviceParameterNumbers(value).map(serviceParameterToText).join(',');
    case ServiceParameter.alpn:
    case ServiceParameter.docpath:
      return listToText(value);
    case ServiceParameter.dohpath:
      return isDohPath(value) ? wordFromOctets(value) : undefined;
    case ServiceParameter['tls-supported-groups']:
      return groupsToText(value);
    case ServiceParameter.port:
      return serviceParameterNumbers(value).join('');
    case ServiceParameter.ipv4hint:
      return addressesToText(value, 4, ipv4ToText);
    case ServiceParameter.ipv6hint:
      return addressesToText(value, 16, ipv6ToText);
    case ServiceParameter.ech:
      return value.length === 0 ? undefined : base64Of(value);
    default:
      return value.length === 0 ? '' : wordFromOctets(value);
  }
}

/** RFC 9461 §5: "a URI Template in relative form" that "MUST contain a "dns" variable". */
export function isDohPath(value: Uint8Array): boolean {
  return /^\/.*\{[^{}]*\bdns\b[^{}]*\}/s.test(latin1Of(value));
}

/** RFC 9460 Appendix A.1: in an item of a value-list, `,` and `\` have a backslash before them. Empty for no item. */
function listToText(value: Uint8Array): string {
  const reader = new WireReader(value);
  const list: number[] = [];
  while (reader.remaining > 0) {
    if (list.length > 0) list.push(0x2c);
    for (const octet of reader.take(reader.u8('item length'), 'item')) {
      if (octet === 0x2c || octet === 0x5c) list.push(0x5c);
      list.push(octet);
    }
  }
  return list.length === 0 ? '' : wordFromOctets(Uint8Array.from(list));
}

/** draft-ietf-tls-key-share-prediction §3.1: numbers of two octets, at least one, each once. */
function groupsToText(value: Uint8Array): string | undefined {
  if (value.length === 0 || value.length % 2 !== 0) return undefined;
  const groups = serviceParameterNumbers(value);
  return new Set(groups).size === groups.length ? groups.join(',') : undefined;
}

function addressesToText(value: Uint8Array, size: number, toText: (octets: Uint8Array) => string): string {
  const texts: string[] = [];
  for (let at = 0; at < value.length; at += size) texts.push(toText(value.subarray(at, at + size)));
  return texts.join(',');
}
