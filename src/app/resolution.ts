import { elapsedClock } from '../async/elapsed-clock.ts';
import type { Settings } from '../config/settings.ts';
import { AuthorityClient } from '../forward/authority.ts';
import { createForwarder, type Forwarder } from '../forward/forwarder.ts';
import type { SocketBudget } from '../forward/socket-budget.ts';
import type { Log } from '../observe/log.ts';
import { completeAliases } from '../resolve/complete-alias.ts';
import { forwardResolver } from '../resolve/forward-resolver.ts';
import type { PacketReader } from '../resolve/packet-reader.ts';
import { Delegation } from '../resolve/pkarr/delegation.ts';
import { limitPacketAddresses } from '../resolve/pkarr/packet-addresses.ts';
import { PkarrResolver } from '../resolve/pkarr/pkarr-resolver.ts';
import type { Resolver } from '../resolve/query.ts';
import { createRouter } from '../resolve/router.ts';
import { HostsAnswers, hostsLayer } from '../resolve/special/hosts.ts';
import { answerPetnames, Petnames } from '../resolve/special/petnames.ts';
import { SearchDomains } from '../resolve/special/stray-keys.ts';
import { answerSuffixes, isKeyName } from '../resolve/special/suffix.ts';
import { type StraightWay, straightWay } from '../resolve/straight-way.ts';
import type { LocalAnswers } from '../serve/local-answers.ts';
import { machineInterfaceNames } from '../system/interfaces.ts';
import { ResolverFiles } from '../system/resolver-files.ts';
import { searchDomainsOf } from '../system/system-upstreams.ts';
import { watchForPortal } from './captive-portal.ts';
import { ownersMayName } from './client-limits.ts';
import { openHosts } from './hosts.ts';
import { ordinaryLayers } from './ordinary-layers.ts';
import { type ResolverSource, systemSearchDomains } from './system-resolvers.ts';
import { CurrentUpstreams } from './upstreams/current-upstreams.ts';
import { upstreamSockets } from './upstreams/upstream-sockets.ts';
import { chooseUpstreams, isMachineAddress, upstreamAuthorities, whyLoop } from './upstreams.ts';

/** Everything behind the answer cache: question in, answer out. */
export interface Resolution {
  /** Answers every question. */
  readonly router: Resolver;
  /** Answers ordinary names, for the program's own questions. */
  readonly ordinary: Resolver;
  readonly forwarder: Forwarder;
  /** See `Forwarder.cameBackFrom`, for all queries to resolvers. */
  cameBackFrom(query: Uint8Array, questionEnd: number): string | undefined;
  /** Whether the network seems to have a captive portal that is not open yet. */
  portalIsLikely(): boolean;
  /** The way past `router` of questions with which it would do nothing but forward them. */
  readonly straight: StraightWay;
  /** What is answered before the cache is asked. */
  readonly local: LocalAnswers | undefined;
  /**
   * Forgets what was true of the old network: who answers, how fast, and what failed.
   * @returns true if other upstreams are asked from now on.
   */
  networkChanged(): Promise<boolean>;
  /** Ends all queries to upstreams, unless its forwarder goes on in another resolution. */
  close(options?: { readonly keepForwarder: boolean }): void;
}

/** What a resolution needs of the rest of the program. */
export interface ResolutionParts {
  readonly packetReader: PacketReader;
  /** The resolvers of the system, for `upstream = system`, and its search domains. */
  readonly resolvers: ResolverSource;
  /** Names of the user's own for keys; none if absent. They may change meanwhile. */
  readonly petnames?: Petnames;
  /** The sockets that all queries of this process to others may use together; by default as many as it can have. */
  readonly budget?: SocketBudget;
  /** One that goes on, with what it knows of upstreams and its connections to them; by default a new one. */
  readonly forwarder?: Forwarder;
}

/**
 * Starts the router and everything behind it, in the order in which a question meets it. Nothing is sent before the first
 * question.
 */
export async function startResolution(
  settings: Settings,
  log: Log,
  {
    packetReader,
    resolvers,
    petnames = new Petnames(),
    budget = upstreamSockets(),
    forwarder: kept,
  }: ResolutionParts,
): Promise<Resolution> {
  // An alias leads from a packet back to the router: the one loop in the data, closed here.
  // It knows no petname: what the owners of keys sign does not lead to names that mean something else on each machine.
  const router: Resolver = answerSuffixes(settings.suffix)(
    createRouter({
      pkarr: limitPacketAddresses(
        { resolve: (key, query, context) => pkarr.resolve(key, query, context) },
        { ...ownersMayName(settings), negativeTtl: settings.negativeTtl },
      ),
      ordinary: { resolve: (query, context) => ordinary.resolve(query, context) },
      negativeTtl: settings.negativeTtl,
    }),
  );

  const pkarr = new PkarrResolver({
    packetReader,
    follow: router,
    delegation: new Delegation({
      authority: new AuthorityClient({ budget }),
      follow: router,
      policy: {
        ...ownersMayName(settings),
        isOwnAddress: isMachineAddress,
        whyOurs: (address, port) => whyLoop({ address, port }, settings),
      },
    }),
    negativeTtl: settings.negativeTtl,
  });

  // Once for all that needs it: the system may take a second to say.
  const network = await resolvers.current();
  const upstreams = new CurrentUpstreams(chooseUpstreams(settings, network));
  const forwarder =
    kept ??
    createForwarder({
      ...upstreams.set,
      ...{ authorities: await upstreamAuthorities(settings), budget, sockets: settings.upstreamSockets },
    });
  const files = new ResolverFiles();
  const searchDomains = new SearchDomains({
    clients: settings.searchDomain,
    read: async () => searchDomainsOf(await files.read(), machineInterfaceNames()),
    now: () => elapsedClock.now(),
  });
  searchDomains.setSystem(systemSearchDomains(network));
  const hosts = await openHosts(settings, log);
  const watch = watchForPortal(settings, log, { chosen: forwarder, network, budget });
  const layers = ordinaryLayers(settings, forwarder, { searchDomains, hosts, portal: watch?.portal });
  const completed = completeAliases({
    follow: router,
    isKeyName: (name) => isKeyName(name, settings.suffix),
    shareUpstreams: (one, other) => forwarder.shareUpstreams(one, other),
  });
  // Inside the layers, so that they check the addresses of an alias to a key too.
  const ordinary = layers(completed(forwardResolver(forwarder)));
  // Last, so that a failure before it changes nothing.
  kept?.setUpstreams(upstreams.set);

  const petnamed = answerPetnames({
    petnames,
    routeOf: (name) => forwarder.routeOf(name),
    ...(hosts !== undefined && { before: hostsLayer(hosts) }),
  });
  return {
    router: petnamed(router),
    ordinary,
    forwarder,
    straight: straightWay({ forwarder, checksAddresses: settings.rebindingProtection }),
    local: hosts && new HostsAnswers(hosts),
    cameBackFrom: (query, end) =>
      forwarder.cameBackFrom(query, end) ?? watch?.forwarder.cameBackFrom(query, end),
    portalIsLikely: () => watch?.portal.isLikely === true,
    async networkChanged() {
      const now = await resolvers.current();
      const change = upstreams.replace(chooseUpstreams(settings, now));
      searchDomains.setSystem(systemSearchDomains(now));
      if (change !== 'none') forwarder.setUpstreams(upstreams.set);
      forwarder.networkChanged();
      watch?.networkChanged(now);
      return change === 'others';
    },
    close({ keepForwarder } = { keepForwarder: false }) {
      hosts?.close();
      watch?.close();
      if (!keepForwarder) forwarder.close();
    },
  };
}
