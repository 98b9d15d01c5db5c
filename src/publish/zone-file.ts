import type { Name } from '../dns/name.ts';
import { WireError } from '../dns/wire-error.ts';
import { PacketTooLargeError } from '../pkarr/packet-message.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { compileZoneFile, EmptyZoneFileError } from '../pkarr/zone/file/compile.ts';
import { ZoneFileError, type ZoneFileMessage } from '../pkarr/zone/file/error.ts';
import { MovedDomain } from '../pkarr/zone/file/moved-domain.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';
import { parseZoneFile, type ZoneFile } from '../pkarr/zone/file/zone-file.ts';
import type { ZoneNow } from './plan.ts';
import type { ZoneText } from './read-zone.ts';
import { EmptyZoneProblem, LargeZoneProblem, ZoneProblem } from './zone-problem.ts';

/** A zone file as it stands under a key, with placeholders filled. */
export interface LoadedZone extends ZoneNow {
  readonly records: ZoneFile['records'];
  /** Placeholders that stand in the file, and those of them that have no value. */
  readonly placeholders: readonly string[];
  readonly missing: readonly string[];
  /** What is legal and probably not meant: `zone:3:9: …`. */
  readonly warnings: readonly string[];
  /** What was done with the file of a moved domain: `zone: Left out: …`. */
  readonly notes: readonly string[];
  /** Records of a moved domain lead to servers that a proxy has hidden until now; there is a warning of it. */
  readonly isExposed: boolean;
}

/** How a zone file is read, beside its key. */
export interface ZoneReading {
  /** The domain that the file was written for; see `MovedDomain`. */
  readonly movedFrom?: Name | undefined;
  /** A file without any record is no problem. */
  readonly allowEmpty?: boolean;
}

/** The records of a zone file under `key`; see `compileZoneFile`. @throws ZoneProblem */
export function loadZone(
  { path, text, include, changedAt, fingerprint }: ZoneText,
  key: PublicKey,
  placeholders: Placeholders,
  { allowEmpty = false, movedFrom }: ZoneReading = {},
): LoadedZone {
  const at = ({ path: file = path, line, column, message }: ZoneFileMessage) =>
    `${file}:${line}:${column}: ${message}`;
  const options = {
    origin: key.name,
    placeholders,
    include,
    allowEmpty,
  };
  // What is noted of a domain that is moved is noted anew each time.
  const newMove = () => (movedFrom === undefined ? undefined : new MovedDomain(movedFrom));
  const moved = newMove();
  const withDomain = (move: MovedDomain | undefined) => ({
    ...options,
    ...(move !== undefined && { moved: move }),
  });
  try {
    const zone = compileZoneFile(text, withDomain(moved));
    return {
      message: zone.message,
      fingerprint,
      changedAt,
      isIncomplete: zone.missing.length > 0,
      records: zone.records,
      placeholders: zone.placeholders,
      missing: zone.missing,
      warnings: zone.warnings.map(at),
      notes: zone.notes.map((sentence) => `${path}: ${sentence}`),
      isExposed: moved?.isExposed ?? false,
    };
  } catch (error) {
    if (error instanceof EmptyZoneFileError)
      throw new EmptyZoneProblem([`${path}: ${error.message}`], { cause: error });
    if (error instanceof PacketTooLargeError)
      throw new LargeZoneProblem(path, parseZoneFile(text, withDomain(newMove())), error);
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
  if (error instanceof WireError) return [`${path}: the records cannot be encoded: ${error.message}`];
  return undefined;
}
