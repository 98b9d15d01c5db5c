import { type Endpoint, isResolvedStub, whyOurs } from './own-addresses.ts';
import {
  type InterfaceNames,
  type ParsedResolvers,
  parseNetifLease,
  parseResolvConf,
  type SkippedServer,
} from './resolv-conf.ts';
import type { ResolverFile, ResolverFilesOfPlace } from './resolver-files.ts';

const DNS_PORT = 53;

/** The result of one file. */
export interface ResolverReport {
  readonly path: string;
  /** A clause about a file without a usable resolver: `does not exist`. */
  readonly problem: string | undefined;
  readonly skipped: readonly SkippedServer[];
  /** It names resolvers, and all of them are ourselves, or the stub of systemd-resolved, which may send on to us. */
  readonly isOnlyOurs: boolean;
}

/** The upstreams of the system, and how they were found. */
export interface SystemUpstreams {
  /** Addresses with port 53, in order; empty when no file gave one. */
  readonly servers: readonly Endpoint[];
  /** Domains that programs of this machine put behind names, of all files, in lower case and without a final dot. */
  readonly search: readonly string[];
  /** The file or directory that they come from. */
  readonly path: string | undefined;
  /** One for each file. */
  readonly reports: readonly ResolverReport[];
}

/** What is needed to recognize our own addresses. */
export interface SystemUpstreamOptions {
  /** What we listen on. */
  readonly listening: readonly Endpoint[];
  /** Addresses of the machine's interfaces. */
  readonly machine: readonly string[];
  readonly interfaces: InterfaceNames;
}

/** The resolvers of the first place that names one other than ourselves. The reports say what was wrong with the rest. */
export function findSystemUpstreams(
  places: readonly ResolverFilesOfPlace[],
  options: SystemUpstreamOptions,
): SystemUpstreams {
  const examined = places.map(({ place, files }) => {
    const found = files.map((file) => examine(file, options));
    const addresses = new Set(found.flatMap(({ usable }) => usable));
    return { place, found, servers: [...addresses].map((address) => ({ address, port: DNS_PORT })) };
  });
  const used = examined.find(({ servers }) => servers.length > 0);
  const all = examined.flatMap(({ found }) => found);
  return {
    servers: used?.servers ?? [],
    search: [...new Set(all.flatMap(({ search }) => search.map(plainDomain)))].filter(Boolean),
    path: used?.place.path,
    reports: all.map(({ report }) => report),
  };
}

/** The search domains of all files alone: see `SystemUpstreams`. */
export function searchDomainsOf(
  places: readonly ResolverFilesOfPlace[],
  interfaces: InterfaceNames,
): readonly string[] {
  const texts = places.flatMap(({ files }) => files.flatMap((file) => parse(file, interfaces)?.search ?? []));
  return [...new Set(texts.map(plainDomain))].filter(Boolean);
}

/**
 * The resolvers and search domains of all files as text: it differs if the network gave others, and not if a file was only
 * rewritten with other comments or in another form.
 */
export function resolverSummary(places: readonly ResolverFilesOfPlace[], interfaces: InterfaceNames): string {
  const said = places.flatMap(({ files }) =>
    files.flatMap((file) => {
      const parsed = parse(file, interfaces);
      return parsed === undefined ? [] : [[file.path, parsed.servers, parsed.search]];
    }),
  );
  return JSON.stringify(said);
}

interface Examined {
  readonly usable: readonly string[];
  readonly search: readonly string[];
  readonly report: ResolverReport;
}

/** resolv.conf(5) takes domains with and without their final dot; systemd writes `.` for none, and `~` before routes. */
function plainDomain(text: string): string {
  return text.toLowerCase().replace(/^~/, '').replace(/\.$/, '');
}

function examine(file: ResolverFile, { listening, machine, interfaces }: SystemUpstreamOptions): Examined {
  const { path } = file;
  const parsed = parse(file, interfaces);
  if (parsed === undefined)
    return {
      usable: [],
      search: [],
      report: { path, problem: file.problem, skipped: [], isOnlyOurs: false },
    };
  const usable: string[] = [];
  const ours: SkippedServer[] = [];
  for (const address of parsed.servers) {
    const why = whyOurs({ address, port: DNS_PORT }, listening, machine);
    if (why === undefined) usable.push(address);
    else ours.push({ text: address, why });
  }
  const isOnlyOurs = usable.length === 0 && ours.length > 0;
  const isStub = ours.every(({ text }) => isResolvedStub(text));
  const nothing = !isOnlyOurs
    ? 'names no resolver that can be used'
    : `names only ${isStub ? 'the stub of systemd-resolved' : 'pkarrd itself'}`;
  return {
    usable,
    search: parsed.search,
    report: {
      path,
      problem: usable.length > 0 ? undefined : nothing,
      skipped: [...parsed.skipped, ...ours],
      isOnlyOurs,
    },
  };
}

function parse(
  { path, format, text }: ResolverFile,
  interfaces: InterfaceNames,
): ParsedResolvers | undefined {
  if (text === undefined) return undefined;
  if (format === 'resolv-conf') return parseResolvConf(text, interfaces);
  // What a link says concerns some domains only; see links/.
  if (format === 'link-state') return undefined;
  return parseNetifLease(text, interfaces, Number(path.slice(path.lastIndexOf('/') + 1)));
}
