import { closeSync } from 'node:fs';
import type { Server } from 'node:net';
import { type ListenAddress, listenAddressToText } from '../../config/listen-address.ts';
import { findPortHolders, type PortHolder } from '../../system/activation/port-holder.ts';
import type { HandedSockets } from './handed-sockets.ts';
import { openServer, type SocketRequest } from './open-server.ts';

/** A server that listens, and what was asked for. */
export interface OpenedServer {
  readonly request: SocketRequest;
  /** With the port that it is. */
  readonly address: ListenAddress;
  readonly server: Server;
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
  handed: HandedSockets,
): Promise<readonly OpenedServer[]> {
  const opened: OpenedServer[] = [];
  let lacking: HttpListenError | undefined;
  try {
    for (const request of requests) {
      const { address, descriptor } = request;
      // Both addresses have the same port, if it is one that is free.
      const port = address.port === 0 ? (opened[0]?.address.port ?? 0) : address.port;
      try {
        const server =
          descriptor === undefined
            ? await openServer({ address: { ...address, port } })
            : await handed.take({ address, descriptor });
        opened.push({ request, address: { host: address.host, port: portOf(server) }, server });
      } catch (error) {
        const refusal = new HttpListenError(address, error as NodeJS.ErrnoException);
        if (!absent.includes(refusal.code)) throw refusal;
        lacking = refusal;
      }
    }
    if (opened.length === 0 && lacking !== undefined) throw lacking;
    return opened;
  } catch (error) {
    for (const { request, server } of opened) leave(request, server, handed);
    throw error;
  }
}

/** Closes a server, or the copy of its socket that is left; what was handed over is given back. */
export function leave(
  { address, descriptor }: SocketRequest,
  now: Server | number,
  handed: HandedSockets,
): void {
  if (descriptor !== undefined) handed.giveBack({ address, descriptor }, now);
  else if (typeof now === 'number') closeSync(now);
  else now.close();
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
