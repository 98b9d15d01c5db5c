/** The ID of a user and of a group that /etc/passwd and /etc/group do not have. */
export const UNKNOWN_ID = 54_321;

/** Why `asUnknownUser` cannot be used, for `skip`; false if it can. */
export const cannotBeUnknownUser =
  process.getuid?.() !== 0 && 'only root can run a program as a user without an entry in /etc/passwd';

/**
 * The words that run `command` as a user without an entry in /etc/passwd. It may read every file, since the project may be
 * in a directory that only root can enter.
 */
export function asUnknownUser(command: readonly string[]): readonly [string, ...string[]] {
  const id = String(UNKNOWN_ID);
  const user = ['--reuid', id, '--regid', id, '--clear-groups'];
  return ['setpriv', ...user, '--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search', ...command];
}
