import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the kernel says of a link. */
export interface LinkFacts {
  /** Its number, by which systemd names its files. */
  readonly number: number;
  readonly name: string;
  /** It is the end of a tunnel. */
  readonly isTunnel: boolean;
  /** A default route leads through it, so that it is the way to the Internet. */
  readonly hasDefaultRoute: boolean;
}

/** The most links that are looked at. */
const MAX_LINKS = 256;

/** Numbers of if_arp.h: tun and WireGuard (ARPHRD_NONE, ARPHRD_RAWIP), PPP, IP in IP, GRE. */
const TUNNEL_TYPES: ReadonlySet<number> = new Set([0xfffe, 0x0207, 512, 768, 769, 776, 778, 823]);

/** Flags of route(8): the route is usable, and it rejects what it matches. */
const RTF_UP = 0x0001;
const RTF_REJECT = 0x0200;

/** The links of this machine, from /sys and /proc; none where these do not exist. Never throws. */
export function linkFacts(root = '/'): readonly LinkFacts[] {
  const folder = join(root, 'sys/class/net');
  const withDefault = defaultRouteLinks(
    textOf(join(root, 'proc/self/net/route')),
    textOf(join(root, 'proc/self/net/ipv6_route')),
  );
  return namesIn(folder).flatMap((name) => {
    const number = Number(textOf(join(folder, name, 'ifindex')).trim() || Number.NaN);
    if (!Number.isInteger(number)) return [];
    const type = Number(textOf(join(folder, name, 'type')));
    // A tap device is an Ethernet for the kernel, and has this file.
    const isTap = textOf(join(folder, name, 'tun_flags')) !== '';
    return [
      { number, name, isTunnel: isTap || TUNNEL_TYPES.has(type), hasDefaultRoute: withDefault.has(name) },
    ];
  });
}

/** The names of the interfaces of default routes, from the texts of /proc/net/route and /proc/net/ipv6_route. */
export function defaultRouteLinks(route: string, route6: string): ReadonlySet<string> {
  const links = new Set<string>();
  for (const line of route.split('\n')) {
    const [name, destination, , flags, , , , mask] = line.split('\t').map((word) => word.trim());
    if (name === undefined || destination !== '00000000' || mask !== '00000000') continue;
    if ((Number.parseInt(flags ?? '', 16) & (RTF_UP | RTF_REJECT)) === RTF_UP) links.add(name);
  }
  for (const line of route6.split('\n')) {
    const [destination, length, , , , , , , flags, name] = line.trim().split(/\s+/);
    if (name === undefined || length !== '00' || !/^0{32}$/.test(destination ?? '')) continue;
    // The kernel keeps a route at `lo` that rejects what no other route takes.
    if (name !== 'lo' && (Number.parseInt(flags ?? '', 16) & (RTF_UP | RTF_REJECT)) === RTF_UP)
      links.add(name);
  }
  return links;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).slice(0, MAX_LINKS);
  } catch {
    return [];
  }
}

/** Files of the kernel, which are read at once; the empty text for one that is not there. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
