import type { Settings } from '../config/settings.ts';
import type { Name } from '../dns/name.ts';
import type { Log } from '../observe/log.ts';
import { HostsFile } from '../resolve/special/hosts-file.ts';
import { isKeyName } from '../resolve/special/suffix.ts';

/** Problems of a hosts file that are logged one by one. */
const MAX_TOLD = 10;

/** Reads the hosts file and follows its changes; undefined if hosts files are off. */
export async function openHosts(
  { hosts: path, suffix }: Pick<Settings, 'hosts' | 'suffix'>,
  log: Log,
): Promise<HostsFile | undefined> {
  if (path === 'off') return undefined;
  const hosts = new HostsFile({
    path,
    // Only the owner of a key decides about its names.
    isForeign: (name: Name) => isKeyName(name, suffix),
    onRead({ names, problems, failure }) {
      if (failure !== undefined) log.warn('Cannot read the hosts file.', { path, reason: failure });
      else log.info('Read the hosts file.', { path, names });
      for (const { line, message } of problems.slice(0, MAX_TOLD)) log.warn(`${path}:${line}: ${message}`);
      const more = problems.length - MAX_TOLD;
      if (more > 0)
        log.warn(`${path}: ${more === 1 ? '1 more line has' : `${more} more lines have`} problems.`);
    },
  });
  await hosts.open();
  return hosts;
}
