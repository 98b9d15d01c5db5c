import { encodePacketMessage } from '../../packet-message.ts';
import { parseZoneFile, type ZoneFile, type ZoneFileOptions } from './zone-file.ts';

/** A zone file as it is published. */
export interface CompiledZoneFile extends ZoneFile {
  /** The DNS message that a packet of these records signs. */
  readonly message: Uint8Array;
  /** Placeholders of the file that have no value; their records are left out. */
  readonly missing: readonly string[];
}

/** A zone file has no record. */
export class EmptyZoneFileError extends Error {
  override readonly name = 'EmptyZoneFileError';

  constructor() {
    super('it contains no records');
  }
}

/**
 * Compiles a zone file. The command `pkarrd publish`, the service and pages in browsers all come here, so that they sign the
 * same octets. A file without any record is refused unless `allowEmpty`, for publishing it would take down what is
 * published; usually it was truncated by an editor, a full disk or a template that failed.
 * @throws ZoneFileError for what is wrong in the file, EmptyZoneFileError, PacketTooLargeError over 995 octets, and WireError
 * for records that have no wire form.
 */
export function compileZoneFile(
  text: string,
  options: ZoneFileOptions & { readonly allowEmpty?: boolean },
): CompiledZoneFile {
  const zone = parseZoneFile(text, options);
  const missing = zone.placeholders.filter((name) => options.placeholders?.get(name) === undefined);
  if (zone.records.length === 0 && missing.length === 0 && options.allowEmpty !== true)
    throw new EmptyZoneFileError();
  return { ...zone, message: encodePacketMessage(zone.records), missing };
}
