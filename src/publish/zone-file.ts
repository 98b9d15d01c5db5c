import { createHash } from 'node:crypto';
import { WireError } from '../dns/wire-error.ts';
import { FileError, readUserFile } from '../files/read-file.ts';
import { encodePacketMessage, PacketTooLargeError } from '../pkarr/packet-message.ts';
import type { PublicKey } from '../pkarr/public-key.ts';
import { ZoneFileError, type ZoneFileNote } from '../pkarr/zone/file/error.ts';
import type { Placeholders } from '../pkarr/zone/file/placeholders.ts';
import { parseZoneFile, type ZoneFile } from '../pkarr/zone/file/zone-file.ts';
import type { ZoneNow } from './plan.ts';

/** Bytes of a zone file that are read; the parser takes fewer. */
const MAX_FILE_LENGTH = 1_048_576;

/** A zone file that was read and not yet parsed. */
export interface ZoneText {
  readonly path: string;
  readonly text: string;
  /** See `fileIdentity`. */
  readonly identity: string;
  /** When it was changed, in µs since 1970. */
  readonly changedAt: bigint;
}

/** A zone file as it stands under a key, with placeholders filled. */
export interface LoadedZone extends ZoneNow {
  readonly records: ZoneFile['records'];
  /** Placeholders that stand in the file, and those of them that have no value. */
  readonly placeholders: readonly string[];
  readonly missing: readonly string[];
  /** What is legal and probably not meant: `zone:3:9: …`. */
  readonly warnings: readonly string[];
}

/** A zone file cannot be published. The message has one fault a line: `zone:3:9: …`, or `zone: …` for the whole file. */
export class ZoneProblem extends Error {
  override readonly name: string = 'ZoneProblem';
  readonly faults: readonly string[];

  constructor(faults: readonly string[], options?: { readonly cause?: unknown }) {
    super(faults.join('\n'), options);
    this.faults = faults;
  }
}

/** A zone file without any record. */
export class EmptyZoneProblem extends ZoneProblem {
  override readonly name = 'EmptyZoneProblem';
}

/** Reads the text of a zone file without blocking, whatever is at `path`. @throws ZoneProblem */
export async function readZoneText(path: string): Promise<ZoneText> {
  try {
    const { bytes, identity, changedAt } = await readUserFile(path, { maxBytes: MAX_FILE_LENGTH });
    return { path, text: bytes.toString('utf8'), identity, changedAt };
  } catch (error) {
    if (error instanceof FileError) throw new ZoneProblem([`${path}: ${error.message}`], { cause: error });
    throw error;
  }
}

/**
 * The records of a zone file under `key`. A file without any record is refused unless `allowEmpty`, for publishing it would
 * take down what is published; usually it was truncated by an editor, a full disk or a template that failed.
 * @throws ZoneProblem
 */
export function loadZone(
  { path, text, changedAt }: ZoneText,
  key: PublicKey,
  placeholders: Placeholders,
  { allowEmpty = false }: { readonly allowEmpty?: boolean } = {},
): LoadedZone {
  const at = ({ line, column, message }: ZoneFileNote) => `${path}:${line}:${column}: ${message}`;
  try {
    const zone = parseZoneFile(text, { origin: key.name, placeholders });
    const missing = zone.placeholders.filter((name) => placeholders.get(name) === undefined);
    if (zone.records.length === 0 && missing.length === 0 && !allowEmpty)
      throw new EmptyZoneProblem([`${path}: it contains no records`]);
    return {
      message: encodePacketMessage(zone.records),
      fingerprint: createHash('sha256').update(text).digest('hex'),
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
  at: (note: ZoneFileNote) => string,
): readonly string[] | undefined {
  if (error instanceof ZoneFileError) return error.faults.map(at);
  if (error instanceof PacketTooLargeError) return [`${path}: ${error.message}`];
  if (error instanceof WireError) return [`${path}: the records cannot be encoded: ${error.message}`];
  return undefined;
}
