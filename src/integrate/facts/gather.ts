import { basename } from 'node:path';
import { linkFacts } from '../../system/links/link-facts.ts';
import { askResolved } from '../../system/links/resolved-links.ts';
import { type Machine, outputOf } from '../machine.ts';
import { answering } from './answering.ts';
import { findDhcpClients } from './dhcp-clients.ts';
import { findDocker } from './docker.ts';
import type { Facts, ResolvconfFacts } from './facts.ts';
import { followLinks, isThere, readText } from './files.ts';
import { isOutside, type LinkFacts } from './links.ts';
import { findNetworkdLinks, findNetworkFiles } from './networkd.ts';
import { findResolvConf } from './resolv-conf-file.ts';

/** Milliseconds for systemd to say what runs. */
const SYSTEMCTL_TIMEOUT = 3_000;

/** Looks at everything. Nothing is changed, and whatever does not answer in a few seconds counts as not there. */
export async function gatherFacts(machine: Machine): Promise<Facts> {
  const [running, networkManager] = await Promise.all([runningUnits(machine), findNetworkManager(machine)]);
  const hasResolved = running?.has('systemd-resolved.service') === true;
  const hasNetworkd = running?.has('systemd-networkd.service') === true;
  const kernel = linkFacts(machine.root);
  const nameOf = (number: number) => kernel.find((link) => link.number === number)?.name;
  const networkdLinks = hasNetworkd ? await findNetworkdLinks(machine) : [];
  const networkd = hasNetworkd && {
    files: await findNetworkFiles(machine, networkdLinks, nameOf),
  };
  const resolvedLinks = hasResolved ? await askResolved(machine.run) : undefined;
  const ofNetworkManager = networkManager ? await networkManagerLinks(machine) : new Set<string>();
  const ofNetworkd = new Set(networkdLinks.map(({ number }) => number));
  const managerOf = (name: string, number: number): LinkFacts['manager'] =>
    ofNetworkManager.has(name) ? 'NetworkManager' : ofNetworkd.has(number) ? 'networkd' : 'other';
  return {
    resolvConf: await findResolvConf(machine),
    nsswitch: await readText(machine, '/etc/nsswitch.conf'),
    isSystemd: running !== undefined,
    resolved: hasResolved
      ? {
          version: await systemdVersion(machine),
          stub: await answering(machine, '127.0.0.53'),
          globalServers: (resolvedLinks?.globalServers ?? []).filter((server) => server !== '127.0.0.1'),
        }
      : undefined,
    networkManager,
    networkd: networkd || undefined,
    resolvconf: await findResolvconf(machine),
    links: !hasResolved
      ? []
      : resolvedLinks?.links
          .filter(({ servers, domains }) => servers.length + domains.length > 0)
          .map((link) => ({
            ...link,
            isOutside: isOutside(link.number, kernel),
            manager: managerOf(link.name, link.number),
          })),
    dhcpClients: await findDhcpClients(machine),
    isOpenWrt: await isThere(machine, '/etc/openwrt_release'),
    docker: await findDocker(machine),
    answering: await answering(machine, '127.0.0.1'),
  };
}

/** The units of interest that are active; undefined where there is no systemd. */
async function runningUnits(machine: Machine): Promise<ReadonlySet<string> | undefined> {
  const units = ['systemd-resolved.service', 'systemd-networkd.service'];
  const shown = await outputOf(
    machine,
    ['systemctl', 'show', '--property=Id,ActiveState', ...units],
    SYSTEMCTL_TIMEOUT,
  );
  if (shown === undefined) return undefined;
  const blocks = shown.split('\n\n');
  const active = blocks.filter((block) => /^ActiveState=(?:active|reloading)$/m.test(block));
  return new Set(active.flatMap((block) => /^Id=(.+)$/m.exec(block)?.[1] ?? []));
}

/** NetworkManager says itself whether it runs, whatever started it. */
async function findNetworkManager(machine: Machine): Promise<Facts['networkManager']> {
  const said = await outputOf(
    machine,
    ['nmcli', '--terse', '--fields', 'RUNNING,VERSION', 'general', 'status'],
    SYSTEMCTL_TIMEOUT,
  );
  const [, version] = /^running:(.+)$/m.exec(said ?? '') ?? [];
  return version === undefined ? undefined : { version };
}

/** The links whose resolvers NetworkManager sets; it also lists those that others have configured. */
async function networkManagerLinks(machine: Machine): Promise<ReadonlySet<string>> {
  const said = await outputOf(
    machine,
    ['nmcli', '--terse', '--escape', 'no', '--fields', 'STATE,DEVICE', 'device', 'status'],
    SYSTEMCTL_TIMEOUT,
  );
  const lines = (said ?? '').split('\n').map((line) => /^(connect(?:ed|ing)[^:]*):(.+)$/.exec(line));
  return new Set(
    lines.flatMap((line) => (line?.[2] === undefined || line[1]?.includes('extern') ? [] : [line[2]])),
  );
}

async function systemdVersion(machine: Machine): Promise<number> {
  const said = await outputOf(machine, ['resolvectl', '--version']);
  return Number(/^systemd (\d+)/.exec(said ?? '')?.[1] ?? 0);
}

/** systemd has a resolvconf(8) too, which only speaks to systemd-resolved. */
async function findResolvconf(machine: Machine): Promise<ResolvconfFacts | undefined> {
  const places = ['/usr/sbin/resolvconf', '/sbin/resolvconf', '/usr/bin/resolvconf'];
  for (const place of places) {
    if (!(await isThere(machine, place))) continue;
    const target = (await followLinks(machine, place)) ?? place;
    if (basename(target) === 'resolvectl') return undefined;
    if (await isThere(machine, '/etc/resolvconf/update.d'))
      return { kind: 'debian', configuration: undefined };
    return { kind: 'openresolv', configuration: await readText(machine, '/etc/resolvconf.conf') };
  }
  return undefined;
}
