import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { runProgram } from '../commands/run-program.ts';
import { ResolverFiles, type ResolverFilesOfPlace, type ResolverPlace } from '../resolver-files.ts';
import { type LinkFacts, linkFacts } from './link-facts.ts';
import { LINK_REPORT } from './link-report.ts';
import { type LinkState, parseLinkState } from './link-state.ts';
import { networkManagerLinks } from './network-manager.ts';
import { askResolved, statesOf } from './resolved-links.ts';

/** Where systemd-resolved keeps what other programs set. Only root and itself may look into it. */
const RESOLVED_LINKS = '/run/systemd/resolve/netif';

/** Where systemd keeps what links say of DNS: a file for each, whose name is the number of the link. */
const systemPlaces: readonly ResolverPlace[] = [
  { path: RESOLVED_LINKS, format: 'link-state', isDirectory: true },
  { path: '/run/systemd/netif/links', format: 'link-state', isDirectory: true },
];

/** The same, and where a helper writes what a service without rights cannot find out. */
export const linkPlaces: readonly ResolverPlace[] = [
  ...systemPlaces,
  { path: LINK_REPORT, format: 'link-state', isDirectory: true },
];

/** It exists while NetworkManager runs. */
const NETWORK_MANAGER = '/run/NetworkManager';

/** How links are found; each part has a default for this machine. */
export interface LinkSources {
  readonly files: ResolverFiles;
  readonly facts: () => readonly LinkFacts[];
  /** What systemd-resolved says, where its files cannot be read. */
  readonly resolved: () => Promise<readonly LinkState[] | undefined>;
  /** See `networkManagerLinks`. */
  readonly networkManager: () => Promise<readonly LinkState[] | undefined>;
}

/** The links of this machine. For the helper itself, what it wrote before says nothing. */
export function machineLinks(reader: 'service' | 'helper' = 'service'): LinkSources {
  return {
    files: new ResolverFiles(reader === 'helper' ? systemPlaces : linkPlaces),
    facts: linkFacts,
    resolved: async () => {
      if (hiddenChange() === '') return undefined;
      const state = await askResolved(runProgram);
      return state && statesOf(state);
    },
    // Without it there is nobody to ask, and a child process would be started for nothing.
    networkManager: async () => (existsSync(NETWORK_MANAGER) ? await networkManagerLinks() : undefined),
  };
}

/**
 * The links whose domains their own resolvers answer: those of VPNs, and of other networks beside the one that leads to the
 * Internet. A link with the default route counts only if it is a tunnel: otherwise whoever runs the local network could
 * have names sent to his resolver by giving domains to his clients. Never rejects.
 */
export async function linksWithDomains({
  files,
  facts,
  resolved,
  networkManager,
}: LinkSources): Promise<readonly LinkState[]> {
  const known = facts();
  const fromFiles = linkStates(await files.read(), known);
  const [fromResolved = [], fromManager = []] = await Promise.all([resolved(), networkManager()]);
  const links = new Map<string, LinkState>();
  // What a program set by hand counts before what a manager says of the same link.
  for (const state of [...fromResolved, ...fromFiles, ...fromManager]) {
    const fact = known.find(({ name }) => name === state.link);
    if (fact === undefined || (fact.hasDefaultRoute && !fact.isTunnel)) continue;
    if (!links.has(state.link)) links.set(state.link, state);
  }
  return [...links.values()].filter(({ domains, takesAll }) => domains.length > 0 || takesAll);
}

/**
 * Text that differs when a program has set the resolvers of a link in systemd-resolved, where the files that say so cannot be read:
 * each of them is replaced, which changes the time of their directory. Empty where they can be read, and where there are none.
 */
export function hiddenChange(directory = RESOLVED_LINKS): string {
  try {
    const found = statSync(directory, { bigint: true, throwIfNoEntry: false });
    if (found === undefined) return '';
    try {
      accessSync(directory, constants.R_OK | constants.X_OK);
      return '';
    } catch {
      return String(found.mtimeNs);
    }
  } catch {
    return '';
  }
}

/**
 * What the files say, as text that differs when it does, or when another link leads to the Internet. Empty without files,
 * and then the kernel is not asked.
 */
export function linkSummary(
  places: readonly ResolverFilesOfPlace[],
  facts: () => readonly LinkFacts[],
): string {
  if (places.every(({ files }) => files.length === 0)) return '';
  const known = facts();
  return JSON.stringify([linkStates(places, known), known.filter(({ hasDefaultRoute }) => hasDefaultRoute)]);
}

function linkStates(
  places: readonly ResolverFilesOfPlace[],
  facts: readonly LinkFacts[],
): readonly LinkState[] {
  return places.flatMap(({ files }) =>
    files.flatMap(({ path, text }) => {
      const number = Number(path.slice(path.lastIndexOf('/') + 1));
      const link = facts.find((fact) => fact.number === number)?.name;
      return (link !== undefined && text !== undefined && parseLinkState(text, link)) || [];
    }),
  );
}
