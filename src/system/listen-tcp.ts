import { isIPv6, type Server, Socket } from 'node:net';
import { bun } from './bun/api.ts';
import { isWorker } from './worker-role.ts';

/** Where a TCP server listens. */
export interface TcpPlace {
  /** A numeric address; an IPv6 address is bound for IPv6 only. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** A descriptor that is bound to it and listens already, of which the server becomes the owner. */
  readonly descriptor?: number | undefined;
}

/** Connections that wait to be accepted: Node's default. */
const BACKLOG = 511;

/** For a socket that another opened, whose own backlog must not shrink: listen(2) cuts it down to the system's maximum. */
const UNCHANGED_BACKLOG = 65_535;

/**
 * Has a server listen: exclusively, or in a worker together with the others. Emits `listening`, or `error` with the system's
 * error.
 */
export function listenTcp(server: Server, { host, port, descriptor }: TcpPlace): void {
  if (descriptor === undefined) {
    server.listen({ host, port, ipv6Only: isIPv6(host), exclusive: !isWorker, backlog: BACKLOG });
  } else if (bun === undefined) {
    // In a worker, `listen({ fd })` means a descriptor of the primary. A handle is always our own.
    const handle = new Socket({ fd: descriptor, readable: false, writable: false });
    server.listen(handle, UNCHANGED_BACKLOG);
  } else server.listen({ fd: descriptor, backlog: UNCHANGED_BACKLOG });
}
