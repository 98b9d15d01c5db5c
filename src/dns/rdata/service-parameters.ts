import { WireError } from '../wire-error.ts';
import { WireReader } from '../wire-reader.ts';

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

/** One SvcParam in wire form. */
export interface ServiceParameterValue {
  readonly key: number;
  readonly value: Uint8Array;
}

/**
 * Checks SvcParams from `at` to `end` without making values. `priority` is that of their record.
 *
 * RFC 9460 §2.2: "Clients MUST consider an RR malformed if: the end of the RDATA occurs within a SvcParam, SvcParamKeys are
 * not in strictly increasing numeric order, [or] the SvcParamValue for a SvcParamKey does not have the expected format",
 * and §2.4.3: "Clients MUST reject any RR whose recognized SvcParams are not self-consistent".
 * @returns `end`. @throws WireError
 */
export function checkServiceParameters(bytes: Uint8Array, at: number, end: number, priority: number): number {
  // §2.4.2: in AliasMode "recipients MUST ignore any SvcParams that are present".
  const isAlias = priority === 0;
  let previous = -1;
  // What is left of the list of mandatory keys. Both it and the keys ascend, so one walk compares them.
  let mandatory = 0;
  let mandatoryEnd = 0;
  for (let start = at; start < end; ) {
    if (end - start < 4) throw new WireError('bad-length', 'SvcParam', start);
    const key = u16(bytes, start);
    const value = start + 4;
    const next = value + u16(bytes, start + 2);
    if (next > end) throw new WireError('bad-length', 'SvcParamValue', start);
    if (key <= previous) throw new WireError('bad-value', 'SvcParamKey', start);
    if (!isAlias) {
      const needsAlpn = key === ServiceParameter['no-default-alpn'] && previous !== ServiceParameter.alpn;
      if (needsAlpn || !isExpected(bytes, key, value, next))
        throw new WireError('bad-value', 'SvcParamValue', start);
      if (key === ServiceParameter.mandatory) {
        mandatory = value;
        mandatoryEnd = next;
      } else if (mandatory < mandatoryEnd && u16(bytes, mandatory) === key) mandatory += 2;
    }
    previous = key;
    start = next;
  }
  if (mandatory < mandatoryEnd) throw new WireError('bad-value', 'mandatory', mandatory);
  return end;
}

/** Whether a value has the format that its key demands. */
export function isServiceParameterValue({ key, value }: ServiceParameterValue): boolean {
  return isExpected(value, key, 0, value.length);
}

/**
 * §4.3: for values "whose interpretation might differ between implementations or have additional future allowed values
 * added (for example, URIs or "alpn"), resolvers SHOULD limit validation to specified constraints": what a URI template or an
 * ECH configuration says is not looked into.
 */
function isExpected(bytes: Uint8Array, key: number, at: number, end: number): boolean {
  const length = end - at;
  switch (key) {
    case ServiceParameter.mandatory:
      return isAscending(bytes, at, end);
    case ServiceParameter.alpn:
      return length > 0 && isList(bytes, at, end);
    case ServiceParameter.docpath:
      return isList(bytes, at, end);
    case ServiceParameter['no-default-alpn']:
    case ServiceParameter.ohttp:
      return length === 0;
    case ServiceParameter.port:
      return length === 2;
    // §7.3: "An empty list of addresses is invalid."
    case ServiceParameter.ipv4hint:
      return length > 0 && length % 4 === 0;
    case ServiceParameter.ipv6hint:
      return length > 0 && length % 16 === 0;
    default:
      return true;
  }
}

/** §8: keys "concatenated in strictly increasing numeric order", at least one, and never 0 itself. */
function isAscending(bytes: Uint8Array, at: number, end: number): boolean {
  if (at === end || (end - at) % 2 !== 0) return false;
  let previous: number = ServiceParameter.mandatory;
  for (let start = at; start < end; start += 2) {
    const key = u16(bytes, start);
    if (key <= previous) return false;
    previous = key;
  }
  return true;
}

/** §7.1.1: each item is "prefixed by its length as a single octet", and none is empty. */
function isList(bytes: Uint8Array, at: number, end: number): boolean {
  let start = at;
  while (start < end) {
    const length = bytes[start] as number;
    if (length === 0) return false;
    start += 1 + length;
  }
  return start === end;
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
    const key = reader.u16();
    const value = reader.take(reader.u16());
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
  return key === ServiceParameter.mandatory ? serviceParameterNumbers(value) : [];
}

/** The numbers of two octets in a value, whole ones only. */
export function serviceParameterNumbers(value: Uint8Array): number[] {
  const reader = new WireReader(value);
  const keys: number[] = [];
  while (reader.remaining >= 2) keys.push(reader.u16());
  return keys;
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}
