import { WireError } from '../dns/wire-error.ts';
import { encodePacketMessage, PacketTooLargeError } from '../pkarr/packet-message.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { ZoneFileError, type ZoneFileMessage } from '../pkarr/zone/file/error.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';
import { parseZoneFile, type ZoneFile } from '../pkarr/zone/file/zone-file.ts';
import type { ZoneNow } from './plan.ts';
import type { ZoneText } from './read-zone.ts';
import { EmptyZoneProblem, ZoneProblem } from './zone-problem.ts';

/** A zone file as it stands under a key, with placeholders filled. */
export interface LoadedZone extends ZoneNow {
  readonly records: ZoneFile['records'];
  /** Placeholders that stand in the file, and those of them that have no value. */
  readonly placeholders: readonly string[];
  readonly missing: readonly string[];
  /** What is legal and probably not meant: `zone:3:9: …`. */
  readonly warnings: readonly string[];
}

/**
 * The records of a zone file under `key`. A file without any record is refused unless `allowEmpty`, for publishing it would
 * take down what is published; usually it was truncated by an editor, a full disk or a template that failed.
 * @throws ZoneProblem
 */
export function loadZone(
  { path, text, include, changedAt, fingerprint }: ZoneText,
  key: PublicKey,
  placeholders: Placeholders,
  { allowEmpty = false }: { readonly allowEmpty?: boolean } = {},
): LoadedZone {
  const at = ({ path: file = path, line, column, message }: ZoneFileMessage) =>
    `${file}:${line}:${column}: ${message}`;
  try {
    const zone = parseZoneFile(text, { origin: key.name, placeholders, include });
    const missing = zone.placeholders.filter((name) => placeholders.get(name) === undefined);
    if (zone.records.length === 0 && missing.length === 0 && !allowEmpty)
      throw new EmptyZoneProblem([`${path}: it contains no records`]);
    return {
      message: encodePacketMessage(zone.records),
      fingerprint,
      changedAt,
      isIncomplete: missing.length > 0,
      records: zone.records,
      placeholders: zone.placeholders,
      missing,
      warnings: zone.warnings.map(at),
    };
  } catch (error) {
    const faults = faultsOf(error, path, at);
    if (faults === undefined) throw error;
    throw new ZoneProblem(faults, { cause: error });
  }
}

function faultsOf(
  error: unknown,
  path: string,
  at: (message: ZoneFileMessage) => string,
): readonly string[] | undefined {
  if (error instanceof ZoneFileError) return error.errors.map(at);
  if (error instanceof PacketTooLargeError) return [`${path}: ${error.message}`];
  if (error instanceof WireError) return [`${path}: the records cannot be encoded: ${error.message}`];
  return undefined;
}
