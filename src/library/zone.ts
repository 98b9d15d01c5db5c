import { typeToText } from '../dns/codes.ts';
import { rdataToText } from '../dns/presentation/rdata-text.ts';
import type { ResourceRecord } from '../dns/record.ts';
import { WireError } from '../dns/wire-error.ts';
import { MAX_PUBLISH_BYTES, PacketTooLargeError } from '../pkarr/packet-message.ts';
import { compileZoneFile, EmptyZoneFileError } from '../pkarr/zone/file/compile.ts';
import { ZoneFileError, type ZoneFileMessage } from '../pkarr/zone/file/error.ts';
import { noExternalAddresses } from '../pkarr/zone/file/placeholders.ts';
import type { PublicKey } from './keys.ts';

/**
 * Octets of the DNS message of a packet, at most. BEP 44 allows a value of 1000; some nodes count the four octets of its
 * bencoding, and some refuse exactly 1000.
 */
export const MAX_MESSAGE_LENGTH: number = MAX_PUBLISH_BYTES;

/** A DNS record of class IN, as a zone file writes it (RFC 1035 §5.1). */
export interface ZoneRecord {
  /** Its absolute name, with a final dot. */
  readonly name: string;
  /** Seconds. */
  readonly ttl: number;
  /** `A`, `TXT`, …, or `TYPE65280` for a type without a mnemonic. */
  readonly type: string;
  /** `192.0.2.1`, or `\# LENGTH HEX` for data that has no form of its own (RFC 3597 §5). */
  readonly data: string;
}

/** What is wrong in a zone file, or probably not meant. */
export interface ZoneMessage {
  /** One sentence. */
  readonly message: string;
  /** Where, both from 1, the column in UTF-16 units; undefined for what is about the whole file. */
  readonly at: { readonly line: number; readonly column: number } | undefined;
}

/** What became of a zone file. */
export type CompiledZone =
  | {
      readonly ok: true;
      /** The DNS message, at most 995 octets: what `SignedPacket.sign` takes. */
      readonly message: Uint8Array;
      readonly records: readonly ZoneRecord[];
      /** What is valid and probably not meant, in the order of the file. */
      readonly warnings: readonly ZoneMessage[];
    }
  | {
      readonly ok: false;
      /** At least one, in the order of the file. */
      readonly errors: readonly ZoneMessage[];
      /** Octets of the DNS message if nothing else is wrong than that it has too many; undefined otherwise. */
      readonly length: number | undefined;
    };

/**
 * Compiles a zone file (RFC 1035 §5.1) with names relative to the key, to the octets that `pkarrd publish` makes of it: TTLs
 * with units, `$ORIGIN`, `$TTL`, `@`, parentheses, comments, and every type in the form of RFC 3597. `$INCLUDE` is an error, for
 * there are no files here; records with a placeholder such as `{external_ipv4}` are left out with a warning.
 *
 * @param options `allowEmpty`: a file without any record is no error. Publishing it takes down what is published.
 */
export function compileZone(
  text: string,
  key: PublicKey,
  options: { readonly allowEmpty?: boolean } = {},
): CompiledZone {
  try {
    const { message, records, warnings, missing } = compileZoneFile(text, {
      ...options,
      origin: key.own.name,
      placeholders: noExternalAddresses,
    });
    if (records.length === 0 && missing.length > 0 && options.allowEmpty !== true)
      return wrong(
        'The zone contains no records but those with a placeholder, whose value is not known here.',
      );
    return { ok: true, message, records: records.map(zoneRecord), warnings: warnings.map(zoneMessage) };
  } catch (error) {
    if (error instanceof ZoneFileError)
      return { ok: false, errors: error.errors.map(zoneMessage), length: undefined };
    if (error instanceof PacketTooLargeError) return wrong(error.message, error.size);
    if (error instanceof EmptyZoneFileError) return wrong('The zone contains no records.');
    if (error instanceof WireError) return wrong(`The records cannot be encoded: ${error.message}.`);
    throw error;
  }
}

/** @internal */
export function zoneRecord({ name, ttl, type, rdata }: ResourceRecord): ZoneRecord {
  return { name: name.toString(), ttl, type: typeToText(type), data: rdataToText(type, rdata) };
}

function zoneMessage({ line, column, message }: ZoneFileMessage): ZoneMessage {
  return { message, at: { line, column } };
}

function wrong(message: string, length?: number): CompiledZone {
  return { ok: false, errors: [{ message, at: undefined }], length };
}
