import { join, relative } from 'node:path';
import { FileError } from '../files/read-file.ts';

/**
 * Where the unit has systemd read secrets from: `LoadCredential=keys:/etc/pkarrd/keys`. Only root can enter these, so the program
 * reads what it was given instead.
 */
const credentialDirectories = [
  { directory: '/etc/pkarrd/keys', id: 'keys' },
  { directory: '/etc/pkarrd/tls', id: 'tls' },
] as const;

/**
 * The file that systemd made for the program from one at `path`, when it started; undefined when `path` is not below a
 * directory of credentials, or this is no service that has credentials. It need not exist: systemd reads the directory at the
 * start alone.
 *
 * systemd.exec(5), LoadCredential=: "If a directory is specified … each file … ID suffixed with _$FILENAME"; directories
 * below it add their names in the same way. `$CREDENTIALS_DIRECTORY` is "an absolute path to the credentials directory".
 */
export function credentialFor(
  path: string,
  { CREDENTIALS_DIRECTORY: given }: Readonly<Record<string, string | undefined>>,
): string | undefined {
  if (given?.startsWith('/') !== true) return undefined;
  if (isBelow(given, path)) return path;
  for (const { directory, id } of credentialDirectories) {
    if (isBelow(directory, path)) return join(given, [id, ...relative(directory, path).split('/')].join('_'));
  }
  return undefined;
}

/**
 * What `take` makes of a file that the settings name, or of the credential that systemd made of it. The file itself comes first
 * where it may be read, since it is newer than a credential.
 * @throws FileError and whatever else `take` throws; for a credential that systemd did not make, a FileError that says what to do.
 */
export async function fileOrCredential<T>(
  path: string,
  environment: Readonly<Record<string, string | undefined>>,
  take: (place: string) => Promise<T>,
): Promise<T> {
  const credential = credentialFor(path, environment);
  if (credential === undefined) return await take(path);
  try {
    return await take(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  try {
    return await take(credential);
  } catch (error) {
    if (!isMissing(error)) throw error;
    const why = 'it was not there when the service was started, which is when systemd reads it';
    throw new FileError(error.kind, `${why}; run: systemctl restart pkarrd`, { cause: error });
  }
}

function isMissing(error: unknown): error is FileError {
  return error instanceof FileError && (error.kind === 'absent' || error.kind === 'denied');
}

function isBelow(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== '' && way !== '..' && !way.startsWith('../');
}
