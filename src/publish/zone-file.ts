import { WireError } from '../dns/wire-error.ts';
import { PacketTooLargeError } from '../pkarr/packet-message.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { compileZoneFile, EmptyZoneFileError } from '../pkarr/zone/file/compile.ts';
import { ZoneFileError, type ZoneFileMessage } from '../pkarr/zone/file/error.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';
import type { ZoneFile } from '../pkarr/zone/file/zone-file.ts';
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

/** The records of a zone file under `key`; see `compileZoneFile`. @throws ZoneProblem */
export function loadZone(
  { path, text, include, changedAt, fingerprint }: ZoneText,
  key: PublicKey,
  placeholders: Placeholders,
  { allowEmpty = false }: { readonly allowEmpty?: boolean } = {},
): LoadedZone {
  const at = ({ path: file = path, line, column, message }: ZoneFileMessage) =>
    `${file}:${line}:${column}: ${message}`;
  try {
    const zone = compileZoneFile(text, { origin: key.name, placeholders, include, allowEmpty });
    return {
      message: zone.message,
      fingerprint,
      changedAt,
      isIncomplete: zone.missing.length > 0,
      records: zone.records,
      placeholders: zone.placeholders,
      missing: zone.missing,
      warnings: zone.warnings.map(at),
    };
  } catch (error) {
    if (error instanceof EmptyZoneFileError)
      throw new EmptyZoneProblem([`${path}: ${error.message}`], { cause: error });
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
