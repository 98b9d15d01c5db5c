import type { BoundSocket } from './bound-sockets.ts';
import { linuxFiles, type ProcFiles, socketInode, tryTo } from './proc-files.ts';
import { purposeOf, type SocketPurpose } from './socket-purpose.ts';
import { type SocketRow, socketRows } from './socket-table.ts';

/** A socket that the service manager opened for us. */
export interface InheritedSocket extends BoundSocket {
  /** `FileDescriptorName=` of the unit; empty when it was not told. */
  readonly name: string;
  readonly purpose: SocketPurpose;
}

/** A descriptor that the service manager handed over and that nothing can be made of. */
export interface UnusableDescriptor {
  readonly descriptor: number;
  readonly name: string;
  /** What it is, as a clause: `is a connection, ...`. */
  readonly why: string;
}

/** All that the service manager handed over (sd_listen_fds(3)). */
export interface Inheritance {
  readonly sockets: readonly InheritedSocket[];
  /** Descriptors of `OpenFile=` by name, of those that are known by name: see `OPEN_FILES`. */
  readonly files: ReadonlyMap<OpenFile, number>;
  readonly unusable: readonly UnusableDescriptor[];
}

/** Names of `OpenFile=` descriptors that are of use: connected sockets of the service manager and of the journal. */
export type OpenFile = 'notify' | 'journal';

const openFiles: readonly string[] = ['notify', 'journal'] satisfies readonly OpenFile[];

/** What is looked at in /proc. */
export type ProcView = Pick<ProcFiles, 'read' | 'link'>;

/** SD_LISTEN_FDS_START of sd_listen_fds(3): the first descriptor that is handed over. */
const FIRST = 3;

/** Descriptors that are looked at: more than any configuration has, and few enough for a damaged variable. */
const MAX_DESCRIPTORS = 1_024;

/** The variables of the protocol; systemd 259 adds LISTEN_PIDFDID. */
const variables = ['LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDS', 'LISTEN_FDNAMES'] as const;

/** Of a process that was started without any of that. */
export const noInheritance: Inheritance = { sockets: [], files: new Map(), unusable: [] };

/**
 * What the service manager handed over, to be asked once: the variables are removed from `environment`, so that no child
 * takes them for its own (sd_listen_fds(3), `unset_environment`). Descriptors are told apart by what they are: the kernel lists the
 * inode of each socket with its kind, family and address. Their order says nothing, since every unit may add to it.
 */
export function takeInheritance(
  environment: NodeJS.ProcessEnv,
  processId: number = process.pid,
  proc: ProcView = linuxFiles,
): Inheritance {
  const { LISTEN_PID: listenPid, LISTEN_FDS: count = '', LISTEN_FDNAMES: list = '' } = environment;
  for (const variable of variables) delete environment[variable];
  // Those of another process are not ours: a shell or a wrapper between left the variables behind.
  if (listenPid !== String(processId) || !/^\d{1,9}$/.test(count)) return noInheritance;
  const names = list.split(':');
  const rows = readTables(proc);
  const sockets: InheritedSocket[] = [];
  const files = new Map<OpenFile, number>();
  const unusable: UnusableDescriptor[] = [];
  for (let index = 0; index < Math.min(Number(count), MAX_DESCRIPTORS); index++) {
    const descriptor = FIRST + index;
    const name = names[index] ?? '';
    const found = identify(descriptor, proc, rows);
    if (typeof found === 'object') sockets.push({ descriptor, name, purpose: purposeOf(name), ...found });
    else if (isOpenFile(name)) files.set(name, descriptor);
    else unusable.push({ descriptor, name, why: found });
  }
  return { sockets, files, unusable };
}

type Listed = SocketRow & { readonly protocol: BoundSocket['protocol'] };

/** All sockets of our network namespace by inode. Bounded by what the kernel has, and read once. */
function readTables(proc: ProcView): ReadonlyMap<string, Listed> {
  const rows = new Map<string, Listed>();
  for (const protocol of ['udp', 'tcp'] as const) {
    for (const family of ['', '6']) {
      const table = tryTo(() => proc.read(`/proc/self/net/${protocol}${family}`)) ?? '';
      for (const row of socketRows(table)) rows.set(row.inode, { ...row, protocol });
    }
  }
  return rows;
}

/** The socket, or why it is none, as a clause. */
function identify(
  descriptor: number,
  proc: ProcView,
  rows: ReadonlyMap<string, Listed>,
): Pick<BoundSocket, 'protocol' | 'host' | 'port'> | string {
  const target = tryTo(() => proc.link(`/proc/self/fd/${descriptor}`));
  if (target === undefined) return 'cannot be looked at in /proc/self/fd';
  const inode = socketInode(target);
  if (inode === undefined) return `is no socket, but ${target}`;
  const row = rows.get(inode);
  if (row === undefined) return 'is no UDP or TCP socket of our network, as /proc/self/net lists them';
  const { protocol, host, port, isBound } = row;
  if (!isBound) return 'is a connection, not a listening socket; the socket unit needs Accept=no';
  return { protocol, host, port };
}

function isOpenFile(name: string): name is OpenFile {
  return openFiles.includes(name);
}
