import { createServer, type Server } from 'node:net';
import { type ListenAddress, listenAddressToText } from '../../config/listen-address.ts';
import { findPortHolders, type PortHolder } from '../../system/activation/port-holder.ts';
import { listenTcp } from '../../system/listen-tcp.ts';

/** Where to listen. */
export interface SocketRequest {
  readonly address: ListenAddress;
  /** The descriptor of a socket that listens there already. */
  readonly descriptor?: number | undefined;
}

/** The HTTP side cannot listen on an address, and so on none. */
export class HttpListenError extends Error {
  override readonly name = 'HttpListenError';
  readonly address: ListenAddress;
  /** The system's error code. */
  readonly code: string;
  /** Who has the address, if that can be found out. */
  readonly holders: readonly PortHolder[];

  constructor(address: ListenAddress, cause: NodeJS.ErrnoException) {
    super(`cannot listen on ${listenAddressToText(address)}: ${cause.message}`, { cause });
    this.address = address;
    this.code = cause.code ?? 'unknown error';
    this.holders = this.code === 'EADDRINUSE' ? findPortHolders('tcp', address) : [];
  }
}

/** Error codes of an address that this machine does not have, such as `::1` without IPv6. Nobody can be there in our place. */
const absent: readonly string[] = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/**
 * Listens on all addresses or on none: a browser takes whichever answers, and each is the origin of every key. Addresses that
 * this machine does not have are left out, unless it has none of them. Connections are paused.
 * @throws HttpListenError
 */
export async function openServers(
  requests: readonly SocketRequest[],
): Promise<readonly { readonly address: ListenAddress; readonly server: Server }[]> {
  const opened: { readonly address: ListenAddress; readonly server: Server }[] = [];
  let lacking: HttpListenError | undefined;
  try {
    for (const { address, descriptor } of requests) {
      // Both addresses have the same port, if it is one that is free.
      const port = address.port === 0 ? (opened[0]?.address.port ?? 0) : address.port;
      try {
        const server = await openServer({ address: { ...address, port }, descriptor });
        opened.push({ address: { host: address.host, port: portOf(server) }, server });
      } catch (error) {
        const refusal = new HttpListenError(address, error as NodeJS.ErrnoException);
        if (!absent.includes(refusal.code)) throw refusal;
        lacking = refusal;
      }
    }
    if (opened.length === 0 && lacking !== undefined) throw lacking;
    return opened;
  } catch (error) {
    for (const { server } of opened) server.close();
    throw error;
  }
}

/** Listens there; connections are paused. Rejects with the system's error. */
export function openServer({ address, descriptor }: SocketRequest): Promise<Server> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve(server);
    });
    listenTcp(server, { ...address, descriptor });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
