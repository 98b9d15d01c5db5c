import { join, relative } from 'node:path';

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

function isBelow(directory: string, path: string): boolean {
  const way = relative(directory, path);
  return way !== '' && way !== '..' && !way.startsWith('../');
}
