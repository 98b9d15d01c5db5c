import { readFile } from 'node:fs/promises';
import { canonicalAddress } from '../ip/address.ts';
import { ipv4FromText } from '../ip/text.ts';
import { type Endpoint, whyOurs } from './own-addresses.ts';

/**
 * Where the resolvers stand that the network gave, best first: the first two hold them even when `/etc/resolv.conf`
 * names us or a stub.
 */
export const systemResolvConfPaths: readonly string[] = [
  '/run/systemd/resolve/resolv.conf',
  '/run/NetworkManager/no-stub-resolv.conf',
  '/etc/resolv.conf',
];

const DNS_PORT = 53;

/** Octets of a file that are looked at; resolv.conf has no use for more. */
const MAX_FILE_LENGTH = 65_536;

/** `nameserver` lines that are looked at. glibc takes 3; routers write a few more. */
const MAX_SERVERS = 16;

/** A resolver that was left out. */
export interface SkippedServer {
  /** As it was written. */
  readonly text: string;
  /** A clause: `is an address of ours`. */
  readonly why: string;
}

/** What one file gave. */
export interface ResolvConfReport {
  readonly path: string;
  /** A clause about the file when it gave nothing: `does not exist`. */
  readonly problem: string | undefined;
  readonly skipped: readonly SkippedServer[];
}

/** The upstreams of the system, and how they were found. */
export interface SystemUpstreams {
  /** Addresses with port 53, in order; empty when no file gave one. */
  readonly servers: readonly Endpoint[];
  /** The file that they come from. */
  readonly path: string | undefined;
  /** One for each file that was looked at, the last being the one that was used. */
  readonly reports: readonly ResolvConfReport[];
}

export interface SystemUpstreamOptions {
  /** What we listen on. */
  readonly listening: readonly Endpoint[];
  /** Addresses of the machine's interfaces. */
  readonly machine: readonly string[];
  /** Default: `systemResolvConfPaths`. */
  readonly paths?: readonly string[];
}

/** The resolvers of the first file that names one which is not ourselves. Never fails: the reports say what was wrong. */
export async function findSystemUpstreams(options: SystemUpstreamOptions): Promise<SystemUpstreams> {
  const { listening, machine, paths = systemResolvConfPaths } = options;
  const reports: ResolvConfReport[] = [];
  for (const path of paths) {
    const read = await readText(path);
    if ('problem' in read) {
      reports.push({ path, problem: read.problem, skipped: [] });
      continue;
    }
    const { servers, skipped } = parseResolvConf(read.text);
    const usable: Endpoint[] = [];
    const left: SkippedServer[] = [...skipped];
    for (const address of servers) {
      const endpoint = { address, port: DNS_PORT };
      const why = whyOurs(endpoint, listening, machine);
      if (why === undefined) usable.push(endpoint);
      else left.push({ text: address, why });
    }
    const problem = usable.length > 0 ? undefined : 'names no resolver that we could ask';
    reports.push({ path, problem, skipped: left });
    if (usable.length > 0) return { servers: usable, path, reports };
  }
  return { servers: [], path: undefined, reports };
}

/**
 * The `nameserver` lines of a resolv.conf (resolv.conf(5)): numeric addresses, each once, with their zone where they
 * have one. Comments start with `#` or `;`; anything else is left alone.
 */
export function parseResolvConf(text: string): {
  readonly servers: readonly string[];
  readonly skipped: readonly SkippedServer[];
} {
  const servers = new Set<string>();
  const skipped: SkippedServer[] = [];
  let count = 0;
  for (const line of text.slice(0, MAX_FILE_LENGTH).split('\n')) {
    // "The keyword and value must appear on a single line, and the keyword must start the line."
    const written = /^nameserver[ \t]+([^\s#;]+)/.exec(line)?.[1];
    if (written === undefined) continue;
    count += 1;
    if (count > MAX_SERVERS) {
      skipped.push({ text: written.slice(0, 80), why: `comes after ${MAX_SERVERS} others` });
      break;
    }
    const address = canonicalAddress(written);
    if (address === undefined) skipped.push({ text: written.slice(0, 80), why: 'is no numeric address' });
    else if (isNobody(address)) skipped.push({ text: written, why: 'is no address of a machine' });
    else servers.add(address);
  }
  return { servers: [...servers], skipped };
}

async function readText(path: string): Promise<{ readonly text: string } | { readonly problem: string }> {
  try {
    return { text: await readFile(path, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return { problem: code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})` };
  }
}

/** The unspecified addresses (glibc takes them for this machine, which is us) and multicast. */
function isNobody(address: string): boolean {
  const four = ipv4FromText(address);
  if (four !== undefined) return four[0] === 0 || (four[0] ?? 0) >= 224;
  return address === '::' || address.startsWith('ff');
}
