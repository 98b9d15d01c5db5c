import type { Name } from '../../dns/name.ts';
import {
  readServiceParameters,
  ServiceParameter,
  type ServiceParameterValue,
  serviceParameterNumbers,
} from '../../dns/rdata/service-parameters.ts';
import type { ResourceRecord } from '../../dns/record.ts';
import { WireReader } from '../../dns/wire-reader.ts';
import { addressToText } from '../../ip/address.ts';

/** An HTTPS record (RFC 9460 §9), as far as the gateway uses it. */
export interface Service {
  /** 0 is AliasMode; of the others the smallest comes first. */
  readonly priority: number;
  /** Where it leads; `.` stays as it is: §2.5. */
  readonly target: Name;
  readonly port: number;
  readonly hints: readonly string[];
  /** Whether we can use it: we know what it says is mandatory, and it speaks HTTP/1.1. */
  readonly isCompatible: boolean;
}

const HTTP_1 = 'http/1.1';

/**
 * What we act on. RFC 9460 §8: "a ServiceMode RR is considered compatible by a client if the client recognizes all the mandatory
 * keys". `ech` is not among them: whoever demands it must not be asked without.
 */
const known: ReadonlySet<number> = new Set([
  ServiceParameter.mandatory,
  ServiceParameter.alpn,
  ServiceParameter['no-default-alpn'],
  ServiceParameter.port,
  ServiceParameter.ipv4hint,
  ServiceParameter.ipv6hint,
]);

/**
 * Reads an HTTPS record of a packet, whose RDATA is checked already. `defaultPort` is that of a record without one (RFC 9460
 * §7.2). @throws WireError for one that is malformed.
 */
export function readService({ rdata }: ResourceRecord, defaultPort: number): Service {
  const reader = new WireReader(rdata);
  const priority = reader.u16('SvcPriority');
  const target = reader.name('TargetName');
  // §2.4.2: in AliasMode "recipients MUST ignore any SvcParams that are present".
  const parameters = priority === 0 ? [] : (readServiceParameters(reader) ?? []);
  const value = (key: number) => parameters.find((parameter) => parameter.key === key)?.value;
  const [port = defaultPort] = serviceParameterNumbers(value(ServiceParameter.port) ?? new Uint8Array());
  return {
    priority,
    target,
    port,
    hints: [
      ...addresses(value(ServiceParameter.ipv6hint), 16),
      ...addresses(value(ServiceParameter.ipv4hint), 4),
    ],
    isCompatible: mandatoryKeys(parameters).every((key) => known.has(key)) && speaksHttp1(value),
  };
}

function mandatoryKeys(parameters: readonly ServiceParameterValue[]): readonly number[] {
  const list = parameters.find(({ key }) => key === ServiceParameter.mandatory);
  return list === undefined ? [] : serviceParameterNumbers(list.value);
}

/** §7.1.2: the set of protocols is the list of `alpn`, and the default, `http/1.1`, "unless "no-default-alpn" is specified". */
function speaksHttp1(value: (key: number) => Uint8Array | undefined): boolean {
  if (value(ServiceParameter['no-default-alpn']) === undefined) return true;
  const reader = new WireReader(value(ServiceParameter.alpn) ?? new Uint8Array());
  while (reader.remaining > 0) {
    const id = reader.take(reader.u8('alpn length'), 'alpn');
    if (Buffer.from(id).toString('latin1') === HTTP_1) return true;
  }
  return false;
}

function addresses(value: Uint8Array | undefined, size: number): readonly string[] {
  const texts: string[] = [];
  for (let at = 0; value !== undefined && at + size <= value.length; at += size)
    texts.push(addressToText(value.subarray(at, at + size)));
  return texts;
}
