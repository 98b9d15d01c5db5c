import { basename, join } from 'node:path';
import type { NetworkFile } from '../facts/networkd.ts';
import { RESOLV_CONF } from '../facts/resolv-conf-file.ts';
import type { FileStep } from './plan.ts';

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

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}

/** The head of our files, for those that are made elsewhere. */
export const headOfFile = HEAD;
