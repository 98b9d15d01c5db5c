import { isIPv6 } from 'node:net';
import { linuxFiles, type ProcFiles, socketInode, tryTo } from './proc-files.ts';
import { socketRows } from './socket-table.ts';

/** A process that holds a port. */
export interface PortHolder {
  readonly pid: number;
  /** Its name, up to 15 characters (proc_pid_comm(5)). */
  readonly name: string;
}

/**
 * The processes that have a socket bound to an address and port, or to all addresses. Empty if that is unknown: on systems
 * without /proc, or for other users' processes if we are not root.
 */
export function findPortHolders(
  protocol: 'udp' | 'tcp',
  address: { readonly host: string; readonly port: number },
  files: ProcFiles = linuxFiles,
): readonly PortHolder[] {
  const inodes = boundInodes(protocol, address, files);
  if (inodes.size === 0) return [];
  const pids = (tryTo(() => files.list('/proc')) ?? []).filter((entry) => /^\d+$/.test(entry));
  return pids
    .filter((pid) => holdsOneOf(pid, inodes, files))
    .map((pid) => ({
      pid: Number(pid),
      name: tryTo(() => files.read(`/proc/${pid}/comm`))?.trim() ?? 'unknown',
    }));
}

/** Whether a socket is bound to an address and port, or to all addresses, whoever's it is. False without /proc. */
export function isPortBound(
  protocol: 'udp' | 'tcp',
  address: { readonly host: string; readonly port: number },
  files: ProcFiles = linuxFiles,
): boolean {
  return boundInodes(protocol, address, files).size > 0;
}

/** Inodes of sockets that are bound to the address or to all. */
function boundInodes(
  protocol: 'udp' | 'tcp',
  address: { readonly host: string; readonly port: number },
  files: ProcFiles,
): ReadonlySet<string> {
  // A socket of IPv6 may hold the port of IPv4 as well.
  const rows = ['', '6'].flatMap((family) =>
    socketRows(tryTo(() => files.read(`/proc/net/${protocol}${family}`)) ?? ''),
  );
  const inodes = rows.flatMap(({ host, port, inode, isBound }) => {
    if (!isBound || port !== address.port) return [];
    const isSame = host === address.host || host === '::' || (host === '0.0.0.0' && !isIPv6(address.host));
    return isSame ? [inode] : [];
  });
  return new Set(inodes);
}

function holdsOneOf(pid: string, inodes: ReadonlySet<string>, files: ProcFiles): boolean {
  const descriptors = tryTo(() => files.list(`/proc/${pid}/fd`)) ?? [];
  return descriptors.some((descriptor) => {
    const target = tryTo(() => files.link(`/proc/${pid}/fd/${descriptor}`));
    const inode = socketInode(target ?? '');
    return inode !== undefined && inodes.has(inode);
  });
}
