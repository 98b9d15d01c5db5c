import { basename } from 'node:path';
import type { Machine } from '../machine.ts';
import { filesIn, readText } from './files.ts';

/** A .network file of systemd-networkd (systemd.network(5)) that gives links their resolvers. */
export interface NetworkFile {
  readonly path: string;
  /** The links that use it, by name. */
  readonly links: readonly string[];
  /** Resolvers that it names itself. */
  readonly servers: readonly string[];
  /** Domains that it names itself; `~` stands before those that are only routed there. */
  readonly domains: readonly string[];
}

/** Where .network files lie, and of two with the same name the first counts. */
const DIRECTORIES = [
  '/etc/systemd/network',
  '/run/systemd/network',
  '/usr/local/lib/systemd/network',
  '/usr/lib/systemd/network',
  '/lib/systemd/network',
];

/** What networkd tells of each link, in files whose names are the numbers of interfaces. */
const LINK_STATES = '/run/systemd/netif/links';

/** A link that networkd has configured. */
export interface NetworkdLink {
  readonly number: number;
  /** The .network file that it uses. */
  readonly file: string;
}

/** The links that networkd has configured. */
export async function findNetworkdLinks(machine: Machine): Promise<readonly NetworkdLink[]> {
  const states = await filesIn(machine, LINK_STATES);
  const found = await Promise.all(
    states.map(async (path) => {
      const text = (await readText(machine, path)) ?? '';
      const file = /^NETWORK_FILE=(.+)$/m.exec(text)?.[1];
      return file === undefined ? [] : [{ number: Number(basename(path)), file }];
    }),
  );
  return found.flat().filter(({ number }) => Number.isSafeInteger(number));
}

/**
 * The .network files that give resolvers to links: those with DHCP, those that name resolvers, and those that are in use, for
 * a router may announce resolvers to any link.
 * @param nameOf the name of the link with a number.
 */
export async function findNetworkFiles(
  machine: Machine,
  links: readonly NetworkdLink[],
  nameOf: (number: number) => string | undefined,
): Promise<readonly NetworkFile[]> {
  const seen = new Set<string>();
  const found: NetworkFile[] = [];
  for (const directory of DIRECTORIES) {
    for (const path of await filesIn(machine, directory)) {
      if (!path.endsWith('.network') || seen.has(basename(path))) continue;
      seen.add(basename(path));
      const text = (await readText(machine, path)) ?? '';
      const users = links.filter(({ file }) => file === path).flatMap(({ number }) => nameOf(number) ?? []);
      const settings = networkSection(text);
      const dhcp = settings.get('DHCP')?.at(-1)?.toLowerCase() ?? 'no';
      const servers = listOf(settings.get('DNS'));
      const hasDhcp = /^(?:yes|true|on|1|y|t|ipv4|ipv6|both|v4|v6)$/.test(dhcp);
      if (!hasDhcp && servers.length === 0 && users.length === 0) continue;
      found.push({ path, links: users, servers, domains: listOf(settings.get('Domains')) });
    }
  }
  return found;
}

/** The assignments of the section [Network], in order. */
function networkSection(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  let section = '';
  for (const line of text.split('\n')) {
    section = /^\s*\[([^\]]+)\]/.exec(line)?.[1] ?? section;
    const [, key, value] = /^\s*([A-Za-z0-9]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section !== 'Network' || key === undefined || value === undefined) continue;
    found.set(key, [...(found.get(key) ?? []), value]);
  }
  return found;
}

/** systemd.syntax(7): an empty assignment clears the list. */
function listOf(values: readonly string[] | undefined): readonly string[] {
  const list: string[] = [];
  for (const value of values ?? []) {
    if (value === '') list.length = 0;
    else list.push(...value.split(/\s+/));
  }
  return list;
}
