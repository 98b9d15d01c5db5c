import { createHash } from 'node:crypto';
import { dirname, isAbsolute, join } from 'node:path';
import { decodeUtf8 } from '../files/decode-utf8.ts';
import { FileError, fileIdentity, readUserFile } from '../files/read-file.ts';
import { type Include, includedNames, includeFrom } from '../pkarr/zone/file/include.ts';
import { ZoneProblem } from './zone-problem.ts';

/** The largest file that is read, in bytes; the parser has a lower limit. */
const MAX_FILE_LENGTH = 1_048_576;

/** Different files that a zone file may include. */
const MAX_INCLUDED = 32;

/** A zone file that was read and not yet parsed, with the files that it includes. */
export interface ZoneText {
  readonly path: string;
  readonly text: string;
  /** Finds what the file includes. */
  readonly include: Include;
  /** Paths of the included files, those that cannot be read too. */
  readonly included: readonly string[];
  /** Differs when one of the files was written, replaced, removed or added: see `zoneIdentity`. */
  readonly identity: string;
  /** When one of the files was last changed, in µs since 1970; undefined for what came through a pipe, which has no date. */
  readonly changedAt: bigint | undefined;
  /** The hash of all that was read, in hexadecimal. */
  readonly fingerprint: string;
}

/** A file as it was read, or a clause about why it was not. */
type SourceFile = ReadFile | { readonly problem: string };

interface ReadFile {
  readonly text: string;
  readonly identity: string;
  readonly changedAt: bigint;
}

const NOT_UTF8 = 'it is not valid UTF-8; other octets are written \\DDD';

/**
 * Reads a zone file and what it includes, without blocking, whatever is there. An included file that cannot be read is no
 * error here: the parser reports it at its place.
 * @throws ZoneProblem
 */
export async function readZoneText(path: string): Promise<ZoneText> {
  const zone = await readSource(path);
  if ('problem' in zone) throw new ZoneProblem([`${path}: ${zone.problem}`]);
  return await withIncluded(path, zone);
}

/**
 * The same for a zone that comes through a pipe, at `now` in µs since 1970; what it includes is relative to the current
 * directory. It has no date: it may be a copy of an old file. `name` stands for it in messages.
 * @throws ZoneProblem
 */
export async function readZoneInput(
  name: string,
  input: AsyncIterable<Uint8Array | string>,
  now: bigint,
): Promise<ZoneText> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of input) {
    const bytes = Buffer.from(piece);
    length += bytes.length;
    if (length > MAX_FILE_LENGTH)
      throw new ZoneProblem([`${name}: it is longer than ${MAX_FILE_LENGTH} bytes`]);
    pieces.push(bytes);
  }
  const text = decodeUtf8(Buffer.concat(pieces));
  if (text === undefined) throw new ZoneProblem([`${name}: ${NOT_UTF8}`]);
  return {
    ...(await withIncluded(name, { text, identity: String(now), changedAt: now })),
    changedAt: undefined,
  };
}

async function withIncluded(path: string, zone: ReadFile): Promise<ZoneText> {
  const files = new Map<string, SourceFile>();
  const queue = includedPaths(zone.text, path);
  for (let next = queue.shift(); next !== undefined && files.size < MAX_INCLUDED; next = queue.shift()) {
    if (files.has(next)) continue;
    const file = await readSource(next);
    files.set(next, file);
    if ('text' in file) queue.push(...includedPaths(file.text, next));
  }
  const read = [zone, ...files.values()].filter((file) => 'text' in file);
  const hash = createHash('sha256');
  for (const { text } of read) hash.update(`${text.length} ${text}`);
  return {
    path,
    text: zone.text,
    include: includeFrom((name, from = path) => {
      const wanted = pathFrom(from, name);
      const file = files.get(wanted);
      if (file === undefined) return { problem: `more than ${MAX_INCLUDED} files are included` };
      return 'text' in file ? { path: wanted, text: file.text } : file;
    }),
    included: [...files.keys()],
    identity: joinIdentities(
      [zone, ...files.values()].map((file) => ('text' in file ? file.identity : undefined)),
    ),
    changedAt: latest(read.map(({ changedAt }) => changedAt)),
    fingerprint: hash.digest('hex'),
  };
}

/**
 * What tells one version of a zone file and of the files that it includes from another, without reading them.
 * @throws ZoneProblem when there is no zone file.
 */
export async function zoneIdentity(path: string, included: readonly string[]): Promise<string> {
  const identities: (string | undefined)[] = [];
  for (const file of [path, ...included]) {
    try {
      identities.push(await fileIdentity(file));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      if (file === path) throw new ZoneProblem([`${path}: ${error.message}`], { cause: error });
      identities.push(undefined);
    }
  }
  return joinIdentities(identities);
}

function latest(times: readonly bigint[]): bigint {
  let found = 0n;
  for (const time of times) if (time > found) found = time;
  return found;
}

function joinIdentities(identities: readonly (string | undefined)[]): string {
  return identities.map((identity) => identity ?? 'unreadable').join('; ');
}

function includedPaths(text: string, from: string): string[] {
  return includedNames(text).map((name) => pathFrom(from, name));
}

/** A relative path is relative to the file that has it, wherever the program runs. */
function pathFrom(from: string, name: string): string {
  return isAbsolute(name) ? name : join(dirname(from), name);
}

async function readSource(path: string): Promise<SourceFile> {
  try {
    const { bytes, identity, changedAt } = await readUserFile(path, { maxBytes: MAX_FILE_LENGTH });
    // What would be published in place of octets that are not UTF-8 was not written by anybody.
    const text = decodeUtf8(bytes);
    if (text === undefined) return { problem: NOT_UTF8 };
    return { text, identity, changedAt };
  } catch (error) {
    if (error instanceof FileError) return { problem: error.message };
    throw error;
  }
}
