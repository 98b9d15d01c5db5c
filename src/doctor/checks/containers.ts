import { filesIn, isThere, readText } from '../../integrate/facts/files.ts';
import type { CheckParts } from '../check-parts.ts';
import { type Finding, fine, warning } from '../finding.ts';

/** Whether containers and virtual machines of this host ask us, or go round us. */
export async function examineContainers(parts: CheckParts): Promise<readonly Finding[]> {
  const found = await Promise.all([docker(parts), podman(parts), dnsmasqOf(parts)]);
  return found.flat();
}

/**
 * Docker gives its containers the resolvers of /etc/resolv.conf without those on loopback, and when none is left those of
 * Google (https://docs.docker.com/engine/network/).
 */
async function docker({ facts }: CheckParts): Promise<readonly Finding[]> {
  if (facts.docker === undefined) return [];
  const { configuration } = facts.docker;
  if (configuration !== undefined && namesResolvers(configuration))
    return [fine('Docker', 'daemon.json names the resolvers of containers.')];
  if (facts.resolvConf.servers.some((server) => !isLoopback(server)))
    return [
      warning('Docker', 'Its containers ask the resolvers of /etc/resolv.conf, and not pkarrd.', INTEGRATE),
    ];
  return [
    warning(
      'Docker',
      'Its containers ask public resolvers, for keys and names of your network too.',
      INTEGRATE,
    ),
  ];
}

const INTEGRATE = 'Run "pkarrd integrate", which shows how containers come to ask pkarrd.';

/** Podman does the same unless containers.conf(5) names resolvers. */
async function podman({ machine, facts }: CheckParts): Promise<readonly Finding[]> {
  if (!(await isThere(machine, '/usr/bin/podman'))) return [];
  const texts = await Promise.all(
    ['/etc/containers/containers.conf', ...(await filesIn(machine, '/etc/containers/containers.conf.d'))].map(
      (path) => readText(machine, path),
    ),
  );
  if (texts.some((text) => /^\s*dns_servers\s*=\s*\[\s*"/m.test(text ?? '')))
    return [fine('Podman', 'containers.conf names the resolvers of containers.')];
  if (facts.resolvConf.servers.some((server) => !isLoopback(server))) return [];
  const remedy =
    'Let pkarrd listen on an address that containers reach, and name it in /etc/containers/containers.conf: ' +
    'dns_servers = ["ADDRESS"] below [containers].';
  return [
    warning(
      'Podman',
      'Its containers may ask public resolvers, since /etc/resolv.conf has only loopback.',
      remedy,
    ),
  ];
}

/** LXC and libvirt run a dnsmasq for their network, which asks what /etc/resolv.conf of the host names: us. */
async function dnsmasqOf({ machine }: CheckParts): Promise<readonly Finding[]> {
  const found: Finding[] = [];
  for (const [name, path] of [
    ['LXC', '/run/lxc/dnsmasq.pid'],
    ['LXD', '/var/lib/lxd/networks'],
    ['libvirt', '/run/libvirt/network'],
  ] as const)
    if (await isThere(machine, path)) found.push(fine(name, 'Its dnsmasq asks what /etc/resolv.conf names.'));
  return found;
}

function namesResolvers(configuration: string): boolean {
  try {
    const { dns } = JSON.parse(configuration) as { readonly dns?: unknown };
    return Array.isArray(dns) && dns.length > 0;
  } catch (error) {
    // A file that Docker itself does not accept.
    if (error instanceof SyntaxError || error instanceof TypeError) return false;
    throw error;
  }
}

function isLoopback(server: string): boolean {
  return server.startsWith('127.') || server === '::1';
}
