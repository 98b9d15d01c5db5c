import { basename, join } from 'node:path';
import { LINK_REPORT } from '../../system/links/link-report.ts';
import type { NetworkFile } from '../facts/networkd.ts';
import { RESOLV_CONF } from '../facts/resolv-conf-file.ts';
import { call, type FileStep, type LinkStep, type RunStep, type UndoCall } from './plan.ts';

/** The first line of each file that we write. */
const HEAD = '# Written by "pkarrd integrate"; "pkarrd integrate --undo" takes it back.';

/** systemd-resolved asks pkarrd for every name (resolved.conf(5)). */
export const resolvedDropIn: FileStep = {
  kind: 'file',
  path: '/etc/systemd/resolved.conf.d/pkarrd.conf',
  text: lines(
    HEAD,
    '[Resolve]',
    '# The empty assignments clear what other files name.',
    'DNS=',
    'DNS=127.0.0.1',
    'Domains=',
    'Domains=~.',
    '# A key is a name of one label.',
    'ResolveUnicastSingleLabel=yes',
    '# Anybody on the link could answer for a key.',
    'LLMNR=no',
    'MulticastDNS=no',
    '# Answers for keys are signed by the key, not by DNSSEC.',
    'DNSSEC=no',
  ),
  why: 'systemd-resolved asks pkarrd for every name, and nobody on the link',
};

/** NetworkManager writes what the network gave to its own file only (NetworkManager.conf(5)). */
export function networkManagerFile(tellsResolved: boolean): FileStep {
  return {
    kind: 'file',
    path: '/etc/NetworkManager/conf.d/90-pkarrd.conf',
    text: lines(
      HEAD,
      '[main]',
      '# The resolvers of the network stand in /run/NetworkManager/no-stub-resolv.conf, where pkarrd reads them.',
      ...(tellsResolved ? [] : ['dns=default', 'systemd-resolved=false']),
      'rc-manager=unmanaged',
    ),
    why: tellsResolved
      ? `NetworkManager leaves ${RESOLV_CONF} alone`
      : `NetworkManager tells the resolvers of the network to pkarrd alone, and leaves ${RESOLV_CONF} alone`,
  };
}

/** networkd keeps what the network gave in its lease, and does not hand it to systemd-resolved (systemd.network(5)). */
export function networkdDropIn({ path, servers }: NetworkFile): FileStep {
  const sections = ['DHCPv4', 'DHCPv6', 'IPv6AcceptRA'].flatMap((section) => [
    `[${section}]`,
    'UseDNS=no',
    'UseDomains=no',
  ]);
  return {
    kind: 'file',
    path: join('/etc/systemd/network', `${basename(path)}.d`, 'pkarrd.conf'),
    text: lines(
      HEAD,
      '# pkarrd reads the resolvers of the network in /run/systemd/netif/leases.',
      ...(servers.length === 0 ? [] : ['[Network]', 'DNS=', 'Domains=']),
      ...sections,
    ),
    why: `the links of ${basename(path)} have no resolver beside pkarrd`,
  };
}

/** /etc/resolv.conf as a file that names us alone. Without `search`, nothing is put behind a key. */
export const resolvConfFile: FileStep = {
  kind: 'file',
  path: RESOLV_CONF,
  text: lines(HEAD, 'nameserver 127.0.0.1'),
  why: 'every program asks pkarrd, and puts no domain behind a name',
};

const LINKS_UNIT = 'pkarrd-links';

/** A helper of root that tells the service which domains belong to links, whenever systemd-resolved or NetworkManager change. */
export function linkHelperFiles(command: string): readonly (FileStep | LinkStep)[] {
  const path = (suffix: string) => `/etc/systemd/system/${LINKS_UNIT}.${suffix}`;
  const why = 'names in the domains of a VPN are asked of its own resolvers';
  return [
    {
      kind: 'file',
      path: path('service'),
      text: lines(
        HEAD,
        '[Unit]',
        'Description=Tell pkarrd which domains belong to which links',
        '',
        '[Service]',
        'Type=oneshot',
        `ExecStart=${command} integrate --write-links`,
        'TimeoutStartSec=10s',
        'RuntimeDirectory=pkarrd-links',
        'RuntimeDirectoryPreserve=yes',
        '# The files of systemd-resolved are for itself and root.',
        'CapabilityBoundingSet=CAP_DAC_READ_SEARCH',
        'NoNewPrivileges=yes',
        'ProtectSystem=strict',
        'ProtectHome=yes',
        'PrivateTmp=yes',
        'PrivateDevices=yes',
        'ProtectKernelTunables=yes',
        'ProtectControlGroups=yes',
        'RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET',
        '',
        '[Install]',
        'WantedBy=multi-user.target',
      ),
      why,
    },
    {
      kind: 'file',
      path: path('path'),
      text: lines(
        HEAD,
        '[Unit]',
        'Description=Changes of the resolvers and domains of links, for pkarrd',
        '',
        '[Path]',
        `Unit=${LINKS_UNIT}-changed.service`,
        'PathChanged=/run/systemd/resolve/netif',
        'PathChanged=/run/NetworkManager/no-stub-resolv.conf',
        '',
        '[Install]',
        'WantedBy=multi-user.target',
      ),
      why,
    },
    {
      kind: 'file',
      path: `/etc/systemd/system/${LINKS_UNIT}-changed.service`,
      text: lines(
        HEAD,
        '[Unit]',
        'Description=Look at the links again, for pkarrd',
        '',
        '[Service]',
        '# A change while the helper runs would be lost, for a unit that runs is not started again. This ends before the helper looks.',
        'Type=oneshot',
        `ExecStart=systemctl --no-block restart ${LINKS_UNIT}.service`,
        'TimeoutStartSec=10s',
      ),
      why,
    },
    ...['service', 'path'].map(
      (suffix): LinkStep => ({
        kind: 'link',
        path: `/etc/systemd/system/multi-user.target.wants/${LINKS_UNIT}.${suffix}`,
        target: path(suffix),
        why: 'also after a restart of the machine',
      }),
    ),
  ];
}

/** Starts the helper, and again at each change. */
export const startLinkHelper: readonly RunStep[] = [
  { kind: 'run', call: call('systemctl', 'daemon-reload'), why: 'systemd knows the units' },
  {
    kind: 'run',
    call: call('systemctl', 'restart', `${LINKS_UNIT}.service`, `${LINKS_UNIT}.path`),
    why: 'pkarrd is told of the links',
  },
];

/** Ends the helper, whose files are gone by then. */
export const endLinkHelper: readonly UndoCall[] = [
  // It was never started when an earlier step failed.
  { ...call('systemctl', 'stop', `${LINKS_UNIT}.path`), mayFail: true },
  call('systemctl', 'daemon-reload'),
  call('rm', '-r', '-f', LINK_REPORT),
];

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}

/** The head of our files, for those that are made elsewhere. */
export const headOfFile = HEAD;
