import { type Machine, outputOf } from '../machine.ts';

/** A link as systemd-resolved knows it. */
export interface LinkFacts {
  readonly name: string;
  /** The number of the interface. */
  readonly number: number;
  /** Its resolvers, as written. */
  readonly servers: readonly string[];
  /** Its domains, as written; `~` stands before those that are only routed there. */
  readonly domains: readonly string[];
  /** Whether names that belong to no link are asked there. */
  readonly isDefault: boolean;
  /** Who has set them. */
  readonly manager: 'NetworkManager' | 'networkd' | 'other';
}

/** What systemd-resolved says of all links and of itself. */
export interface ResolvedLinks {
  readonly globalServers: readonly string[];
  readonly globalDomains: readonly string[];
  readonly links: readonly Omit<LinkFacts, 'manager'>[];
}

/** Most links that are looked at: a host of containers has hundreds, and hardly one with a resolver. */
const MAX_LINKS = 1_000;

/** Asks systemd-resolved which resolvers and domains each link has; undefined when it does not answer within a second. */
export async function findResolvedLinks(machine: Machine): Promise<ResolvedLinks | undefined> {
  // Of versions before 254 there is no JSON, and these forms are the same in all.
  const [servers, domains, routes] = await Promise.all(
    ['dns', 'domain', 'default-route'].map((word) => outputOf(machine, ['resolvectl', '--no-pager', word])),
  );
  if (servers === undefined || domains === undefined || routes === undefined) return undefined;
  const domainsOf = readLines(domains);
  const routesOf = readLines(routes);
  const links = [...readLines(servers)].flatMap(([key, words]) => {
    const [, number, name] = /^Link (\d+) \((.+)\)$/.exec(key) ?? [];
    if (number === undefined || name === undefined) return [];
    const isDefault = routesOf.get(key)?.[0] === 'yes';
    return [{ name, number: Number(number), servers: words, domains: domainsOf.get(key) ?? [], isDefault }];
  });
  return {
    globalServers: readLines(servers).get('Global') ?? [],
    globalDomains: domainsOf.get('Global') ?? [],
    links: links.slice(0, MAX_LINKS),
  };
}

/** Lines of the form `Link 2 (lan0): 10.77.0.1 10.77.0.2`; long ones go on in the next, which begins with a blank. */
function readLines(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  let last = '';
  for (const line of text.split('\n')) {
    const [, key, rest = ''] = /^(Global|Link \d+ \([^)]+\)):(.*)$/.exec(line) ?? [];
    if (key !== undefined) last = key;
    if (last === '') continue;
    const words = (key === undefined ? line : rest).split(/\s+/).filter(Boolean);
    found.set(last, [...(key === undefined ? (found.get(last) ?? []) : []), ...words]);
  }
  return found;
}
