import { chmod, mkdir, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../files/write-file.ts';
import type { LinkFacts } from './link-facts.ts';
import type { LinkState } from './link-state.ts';

/**
 * Where a helper with the rights of root writes what links say of DNS, in the form of systemd's own files. Those are hidden from a
 * service without rights, and dbus-daemon refuses users that exist only while their service runs (`DynamicUser=`).
 */
export const LINK_REPORT = '/run/pkarrd-links';

/**
 * Makes the directory say what these links say: a file for each, whose name is the number of the link. A reader sees the old or
 * the new state of a link, and nothing between. Rejects with the system's error.
 */
export async function writeLinkReport(
  states: readonly LinkState[],
  facts: readonly LinkFacts[],
  directory = LINK_REPORT,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  // Whatever the umask is: the service reads it.
  await chmod(directory, 0o755);
  const files = new Map(
    states.flatMap((state) => {
      const number = facts.find(({ name }) => name === state.link)?.number;
      return number === undefined ? [] : [[String(number), linkStateToText(state)] as const];
    }),
  );
  for (const [name, text] of files) {
    const path = join(directory, name);
    if ((await readFile(path, 'utf8').catch(() => undefined)) === text) continue;
    await replaceFile(path, text, { mode: 0o644, lifetime: 'boot' });
  }
  for (const name of await readdir(directory)) if (!files.has(name)) await unlink(join(directory, name));
}

/** A state in the form that `parseLinkState` reads. */
function linkStateToText({ servers, domains, search, takesAll }: LinkState): string {
  const addresses = servers.map(({ address, port }) => `[${address}]:${port}`);
  const words = [
    ...domains.map((domain) => (search.includes(domain) ? domain : `~${domain}`)),
    ...(takesAll ? ['~.'] : []),
  ];
  return `SERVERS=${addresses.join(' ')}\nDOMAINS=${words.join(' ')}\n`;
}
