import { leaveAlone } from '../facts/dhcp-clients.ts';
import type { Facts } from '../facts/facts.ts';
import { hostSources, withoutResolve } from '../facts/nsswitch.ts';
import { headOfFile, networkdDropIn, networkManagerFile, resolvConfFile, resolvedDropIn } from './parts.ts';
import { call, type Plan, type Row, type Step, type UndoCall } from './plan.ts';
import { globalWarning, keptSearchWarning, keptServers, searchWarning, staticWarning } from './warnings.ts';

/** What a row decides; the rest is the same for all. */
export type PlanParts = Pick<Plan, 'found' | 'steps' | 'undo'> &
  Partial<Pick<Plan, 'warnings' | 'emptiesLinks'>>;

/** The rows of the README's table. Pure. */
export const rows: Readonly<Record<Row, (facts: Facts) => PlanParts>> = {
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
  const revert = (links ?? []).filter(
    ({ manager, servers }) => manager === 'NetworkManager' && servers.length > 0,
  );
  return [
    ...(networkd === undefined || networkd.files.length === 0
      ? []
      : [
          {
            kind: 'run',
            // networkctl(1): it reconfigures the links whose files have changed. Twice at once, systemd 252 may lose an address for good.
            call: call('networkctl', 'reload'),
            why: 'systemd-networkd reads its files, and its links use them',
          } as const,
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
