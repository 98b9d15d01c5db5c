import { leaveAlone } from '../facts/dhcp-clients.ts';
import type { Facts } from '../facts/facts.ts';
import type { LinkFacts } from '../facts/links.ts';
import { hostSources, withoutResolve } from '../facts/nsswitch.ts';
import { planContainers } from './containers.ts';
import {
  endLinkHelper,
  headOfFile,
  linkHelperFiles,
  networkdDropIn,
  networkManagerFile,
  resolvConfFile,
  resolvedDropIn,
  startLinkHelper,
} from './parts.ts';
import { call, type LinkRoute, type NoPlan, type Plan, type Row, type Step, type UndoCall } from './plan.ts';

/** What decides beside the facts. */
export interface PlanOptions {
  /** The row that was set before, if one was: it stays when a link that it was chosen for is gone for the moment. */
  readonly before: Row | undefined;
  /** Domains of which pkarrd knows who is to be asked, in lower case and without a final dot: they are not lost. */
  readonly routedDomains: readonly string[];
  /** Containers of Docker are to ask pkarrd too. */
  readonly containers: boolean;
  /** The command that runs pkarrd, as it stands in a unit; undefined when it is not to ask links for their domains. */
  readonly command: string | undefined;
}

/** What is to be set for what was found. Pure: the same facts give the same plan, also when it has been carried out. */
export function makePlan(facts: Facts, options: PlanOptions): Plan | NoPlan {
  if (facts.isOpenWrt) return openWrt;
  const row = chooseRow(facts, options.before);
  const parts = rows[row](facts);
  const rest = withLinkHelper(parts, facts, row, options);
  const forContainers = planContainers(facts.docker, options.containers);
  const routes = routesOf(facts, options.routedDomains);
  // Without systemd nobody can tell the service of links; and otherwise it is shown afterwards that it is told.
  const keeps = hasHelper(facts, row, options) || row !== 'resolved';
  return {
    row,
    lostRoutes: keeps ? [] : routes,
    keptRoutes: keeps ? routes : [],
    emptiesLinks: false,
    ...rest,
    steps: [...rest.steps, ...forContainers.steps],
    warnings: [...(rest.warnings ?? []), ...forContainers.warnings],
  };
}

/** Rows in which pkarrd, and not systemd-resolved, decides who is asked for a domain of a link. */
const rowsOfLinks: ReadonlySet<Row> = new Set([
  'resolved',
  'network-manager',
  'network-manager-and-resolved',
]);

function hasHelper({ isSystemd }: Facts, row: Row, { command }: PlanOptions): boolean {
  return isSystemd && command !== undefined && rowsOfLinks.has(row);
}

/** The helper is started first, so that the service knows of the links before programs ask it. */
function withLinkHelper(parts: PlanParts, facts: Facts, row: Row, options: PlanOptions): PlanParts {
  const { command } = options;
  if (command === undefined || !hasHelper(facts, row, options)) return parts;
  return {
    ...parts,
    steps: [...linkHelperFiles(command), ...startLinkHelper, ...parts.steps],
    undo: [...parts.undo, ...endLinkHelper],
  };
}

type PlanParts = Pick<Plan, 'found' | 'steps' | 'undo'> & Partial<Pick<Plan, 'warnings' | 'emptiesLinks'>>;

/** The row of the table, decided by what runs, what exists and where links point. Pure. */
function chooseRow(facts: Facts, before: Row | undefined): Row {
  const { resolved, networkManager, networkd, links } = facts;
  if (resolved !== undefined) {
    // What was chosen because of a link of others is right without that link too, and the link may come back.
    if (before === 'resolved' || links === undefined || links.some(isOfOthers)) return 'resolved';
    if (networkManager !== undefined && !links.some(isSplit)) return 'network-manager-and-resolved';
    const hasFiles = networkd !== undefined && networkd.files.length > 0;
    if (hasFiles && !links.some(isSplit)) return 'networkd-and-resolved';
    return 'resolved';
  }
  // Debian's resolvconf owns the file only while the file is a link to its own.
  if (facts.resolvconf?.kind === 'debian' && facts.resolvConf.path === '/run/resolvconf/resolv.conf')
    return 'debian-resolvconf';
  if (facts.resolvconf?.kind === 'openresolv') return 'openresolv';
  return networkManager !== undefined ? 'network-manager' : 'resolv-conf';
}

/** Somebody else than the managers whose resolvers we can take from the link: a VPN, wg-quick, a script. */
function isOfOthers({ manager, servers }: LinkFacts): boolean {
  return manager === 'other' && servers.length > 0;
}

/**
 * A link with domains that only its own resolvers know: names of a company that its VPN leads to. The domains of the network that we
 * are in are asked of its resolvers anyway.
 */
function isSplit({ isOutside, domains, servers }: LinkFacts): boolean {
  return !isOutside && servers.length > 0 && domains.some((domain) => plain(domain) !== '');
}

const rows: Readonly<Record<Row, (facts: Facts) => PlanParts>> = {
  'network-manager-and-resolved': (facts) => ({
    found: `NetworkManager ${facts.networkManager?.version} and systemd-resolved ${facts.resolved?.version}`,
    steps: [
      resolvedDropIn,
      networkManagerFile(false),
      ...networkdDropIns(facts),
      ...unlessStub(facts),
      reloadNetworkManager,
      ...takenFromLinks(facts),
      restart('systemd-resolved', 'systemd-resolved reads its new file'),
    ],
    undo: [
      ...undoNetworkd(facts),
      call('systemctl', 'restart', 'systemd-resolved'),
      reloadNetworkManager.call,
    ],
    emptiesLinks: true,
    warnings: [...searchWarning(facts), ...globalWarning(facts)],
  }),

  'networkd-and-resolved': (facts) => ({
    found: `systemd-networkd and systemd-resolved ${facts.resolved?.version}`,
    steps: [
      resolvedDropIn,
      ...networkdDropIns(facts),
      ...unlessStub(facts),
      ...takenFromLinks(facts),
      restart('systemd-resolved', 'systemd-resolved reads its new file'),
    ],
    undo: [...undoNetworkd(facts), call('systemctl', 'restart', 'systemd-resolved')],
    emptiesLinks: true,
    warnings: [...searchWarning(facts), ...globalWarning(facts), ...staticWarning(facts)],
  }),

  resolved: (facts) => ({
    found: `systemd-resolved ${facts.resolved?.version}, with links that others than NetworkManager and systemd-networkd set`,
    steps: [
      resolvedDropIn,
      ...(facts.networkManager === undefined ? [] : [networkManagerFile(true)]),
      ...nsswitchSteps(facts),
      restart('systemd-resolved', 'systemd-resolved reads its new file'),
      ...(facts.networkManager === undefined ? [] : [reloadNetworkManager]),
      resolvConfFile,
    ],
    undo: [
      call('systemctl', 'restart', 'systemd-resolved'),
      ...(facts.networkManager === undefined ? [] : [reloadNetworkManager.call]),
    ],
    warnings: [
      ...(facts.links === undefined
        ? ['systemd-resolved did not say within a second which domains belong to links, so some may be lost.']
        : []),
      ...searchWarning(facts),
      ...globalWarning(facts),
    ],
  }),

  'network-manager': (facts) => ({
    found: `NetworkManager ${facts.networkManager?.version}`,
    steps: [networkManagerFile(false), reloadNetworkManager, resolvConfFile],
    undo: [reloadNetworkManager.call],
    warnings: searchWarning(facts),
  }),

  'debian-resolvconf': (facts) => ({
    found: "Debian's resolvconf",
    steps: [
      {
        kind: 'file',
        path: `/etc/systemd/system/${RESOLVCONF_UNIT}`,
        text: resolvconfUnit,
        why: 'pkarrd is the first resolver of resolvconf, after a restart of the machine too',
      },
      {
        kind: 'link',
        path: `/etc/systemd/system/multi-user.target.wants/${RESOLVCONF_UNIT}`,
        target: `/etc/systemd/system/${RESOLVCONF_UNIT}`,
        why: 'it is started with the machine',
      },
      { kind: 'run', call: call('systemctl', 'daemon-reload'), why: 'systemd knows the unit' },
      restart(RESOLVCONF_UNIT, 'resolvconf names pkarrd from now on'),
    ],
    undo: [call('resolvconf', '-d', 'lo.pkarrd'), call('systemctl', 'daemon-reload')],
    warnings: keptSearchWarning(facts),
  }),

  openresolv: (facts) => ({
    found: 'openresolv',
    steps: [
      {
        kind: 'file',
        path: '/etc/resolvconf.conf',
        text: openresolvText(facts.resolvconf?.configuration ?? ''),
        why: 'openresolv names pkarrd, and keeps the resolvers of the network to itself',
      },
      { kind: 'run', call: call('resolvconf', '-u'), why: 'openresolv writes /etc/resolv.conf' },
    ],
    undo: [call('resolvconf', '-u')],
    warnings: keptSearchWarning(facts),
  }),

  'resolv-conf': (facts) => ({
    found: 'nothing that manages /etc/resolv.conf',
    steps: [...nsswitchSteps(facts), resolvConfFile],
    undo: [],
    warnings: [
      ...facts.dhcpClients.map(
        (client) =>
          `${client} runs, and writes /etc/resolv.conf anew with each lease, so that programs ask the network again. ` +
          `"pkarrd status" tells when it did. To prevent it, ${leaveAlone(client)}.`,
      ),
      ...keptServers(facts),
      ...searchWarning(facts),
    ],
  }),
};

const reloadNetworkManager = {
  kind: 'run',
  call: call('nmcli', 'general', 'reload'),
  why: 'NetworkManager reads its new file',
} as const;

function restart(unit: string, why: string): Step {
  return { kind: 'run', call: call('systemctl', 'restart', unit), why };
}

function networkdDropIns({ networkd }: Facts): readonly Step[] {
  return (networkd?.files ?? []).map(networkdDropIn);
}

/** The links give up what they have: systemd-resolved keeps it over a restart of its own. */
function takenFromLinks({ networkd, links }: Facts): readonly Step[] {
  const configured = (networkd?.files ?? []).flatMap((file) => file.links);
  const revert = (links ?? []).filter(
    ({ manager, servers }) => manager === 'NetworkManager' && servers.length > 0,
  );
  return [
    ...(networkd === undefined || networkd.files.length === 0
      ? []
      : [
          {
            kind: 'run',
            call: call('networkctl', 'reload'),
            why: 'systemd-networkd reads its files',
          } as const,
          ...configured.map(
            (name) =>
              ({
                kind: 'run',
                call: call('networkctl', 'reconfigure', name),
                why: `${name} uses them`,
              }) as const,
          ),
        ]),
    ...revert.map(
      ({ name }) =>
        ({
          kind: 'run',
          call: call('resolvectl', 'revert', name),
          why: `systemd-resolved forgets the resolvers of ${name}`,
        }) as const,
    ),
  ];
}

function undoNetworkd({ networkd }: Facts): readonly UndoCall[] {
  if (networkd === undefined || networkd.files.length === 0) return [];
  const names = networkd.files.flatMap(({ links }) => links);
  return [
    call('networkctl', 'reload'),
    ...names.map((name) => call('networkctl', 'reconfigure', name)),
    // systemd-resolved holds it against a resolver for long when it is asked while the link has no address.
    ...(names.length === 0
      ? []
      : [
          {
            ...call(
              '/lib/systemd/systemd-networkd-wait-online',
              '--any',
              '--timeout=10',
              ...names.map((name) => `--interface=${name}`),
            ),
            mayFail: true,
          },
        ]),
  ];
}

/** Where /etc/resolv.conf does not lead to systemd-resolved, libc has to be told too. */
function unlessStub({ resolvConf }: Facts): readonly Step[] {
  return resolvConf.path.startsWith('/run/systemd/resolve/') ||
    resolvConf.path.startsWith('/usr/lib/systemd/')
    ? []
    : [resolvConfFile];
}

/** glibc must not ask systemd-resolved, which asks the resolvers of every link for a name of one label. */
function nsswitchSteps({ nsswitch }: Facts): readonly Step[] {
  if (nsswitch === undefined || !hostSources(nsswitch).includes('resolve')) return [];
  return [
    {
      kind: 'file',
      path: '/etc/nsswitch.conf',
      text: withoutResolve(nsswitch),
      why: 'glibc asks what /etc/resolv.conf names, and not systemd-resolved',
    },
  ];
}

/** The domains of links beside the one that leads to the Internet, without those that are routed. */
function routesOf({ links }: Facts, routed: readonly string[]): readonly LinkRoute[] {
  const isRouted = (domain: string) => routed.some((zone) => domain === zone || domain.endsWith(`.${zone}`));
  return (links ?? [])
    .filter(isSplit)
    .map(({ name, domains, servers }) => ({
      link: name,
      domains: domains.map(plain).filter((domain) => domain !== '' && !isRouted(domain)),
      servers,
    }))
    .filter(({ domains }) => domains.length > 0);
}

/** A domain without the mark of a route, and without its final dot; empty for the root. */
function plain(domain: string): string {
  return domain.toLowerCase().replace(/^~/, '').replace(/\.$/, '');
}

function searchWarning({ resolvConf, links }: Facts): readonly string[] {
  const search = [...resolvConf.search, ...(links ?? []).flatMap(({ domains }) => domains.filter(isSearch))]
    .map(plain)
    .filter((domain) => domain !== '');
  const [first] = search;
  if (first === undefined) return [];
  return [
    `Names without a dot are no longer completed with ${[...new Set(search)].join(', ')}: ` +
      `write "printer.${first}" instead of "printer".`,
  ];
}

function isSearch(domain: string): boolean {
  return !domain.startsWith('~');
}

function keptSearchWarning({ resolvConf }: Facts): readonly string[] {
  const search = resolvConf.search.map(plain).filter((domain) => domain !== '');
  if (search.length === 0) return [];
  return [
    `Programs go on to put ${search.join(', ')} behind names without a dot. pkarrd does not pass on a key with such a domain.`,
  ];
}

function globalWarning({ resolved }: Facts): readonly string[] {
  const servers = resolved?.globalServers ?? [];
  if (servers.length === 0) return [];
  return [
    `The configuration of systemd-resolved names ${servers.join(', ')}. pkarrd goes on to ask them as long as the network ` +
      'gives no others; set "upstream" to choose them for good.',
  ];
}

function staticWarning({ networkd }: Facts): readonly string[] {
  const servers = (networkd?.files ?? []).flatMap((file) => file.servers);
  if (servers.length === 0) return [];
  return [
    `.network files name ${[...new Set(servers)].join(', ')}. pkarrd goes on to ask them as long as the network gives no ` +
      'others; set "upstream" to choose them for good.',
  ];
}

function keptServers({ resolvConf }: Facts): readonly string[] {
  const servers = resolvConf.servers.filter((server) => server !== '127.0.0.1');
  if (servers.length === 0) return [];
  return [
    `pkarrd goes on to ask ${servers.join(', ')}, which /etc/resolv.conf names now, unless "upstream" is set.`,
  ];
}

/** The unit that tells Debian's resolvconf of us. */
const RESOLVCONF_UNIT = 'pkarrd-resolvconf.service';

/**
 * resolvconf(8): records are read from standard input. The order of its list puts `lo.` first, and nothing follows loopback. It is told
 * anew at each start of the machine, before a link is there: else its resolver would be asked for keys until pkarrd is up. Queries
 * wait for that in the sockets.
 */
const resolvconfUnit = `${headOfFile}
[Unit]
Description=Name pkarrd as the resolver of this machine (resolvconf)
DefaultDependencies=no
After=local-fs.target systemd-tmpfiles-setup.service resolvconf.service
Before=network-pre.target shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target

[Service]
Type=oneshot
StandardInput=data
StandardInputText=nameserver 127.0.0.1
ExecStart=/sbin/resolvconf -a lo.pkarrd

[Install]
WantedBy=multi-user.target
`;

/** resolvconf.conf(5) is a script of variables, and the last assignment counts. */
function openresolvText(before: string): string {
  if (before.split('\n').includes(headOfFile)) return before;
  const lines = `${headOfFile}\nname_servers=127.0.0.1\n# Nobody else is named beside it.\nresolv_conf_local_only=YES\n`;
  return `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${lines}`;
}

/** dnsmasq on a router answers other machines, and its settings belong to the web page of the router: they are printed. */
const openWrt: NoPlan = {
  row: 'openwrt',
  reason: "OpenWrt's dnsmasq answers the network, and its settings are yours",
  byHand: [
    '# Names of the form NAME.KEY.key, for the whole network:',
    "uci add_list dhcp.@dnsmasq[0].server='/key/127.0.0.1#5300'",
    "uci add_list dhcp.@dnsmasq[0].rebind_domain='/key/'",
    'uci commit dhcp && service dnsmasq restart',
    '# For bare keys too, every name has to go to pkarrd, those without a dot included:',
    "uci set dhcp.@dnsmasq[0].noresolv='1'",
    "uci add_list dhcp.@dnsmasq[0].server='127.0.0.1#5300'",
    "uci set dhcp.@dnsmasq[0].domainneeded='0'",
    'uci commit dhcp && service dnsmasq restart',
  ],
};
