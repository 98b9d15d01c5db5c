import type { ListenAddress } from '../config/listen-address.ts';
import { defaultListen, type Settings } from '../config/settings.ts';
import { ListenError } from './listen-error.ts';
import type { Responder } from './responder.ts';
import { TcpConnections } from './tcp/connections.ts';
import { TcpListener } from './tcp/listener.ts';
import { UdpListener } from './udp-listener.ts';

/** Something that has a port. */
export interface Opened {
  /** The port that was taken. */
  readonly port: number;
  /** Frees it. */
  stop(): Promise<void>;
}

/** What is opened at an address. Each rejects with a ListenError when it cannot be had. */
export interface Opener {
  udp(address: ListenAddress): Promise<Opened>;
  tcp(address: ListenAddress): Promise<Opened>;
}

/** The two that have one address. */
export interface ListenerPair {
  /** With the port that was taken. */
  readonly address: ListenAddress;
  readonly udp: Opened;
  readonly tcp: Opened;
}

/** Opens listeners that answer. */
export function answering(responder: Responder): Opener {
  const connections = new TcpConnections(responder);
  return {
    udp: (address) => UdpListener.open(address, responder),
    tcp: (address) => TcpListener.open(address, connections),
  };
}

/** Listens where people said, or in the usual places. @throws ListenError as below. */
export async function listenAt(listen: Settings['listen'], opener: Opener): Promise<readonly ListenerPair[]> {
  return listen === 'default'
    ? await openDefaultListeners(defaultListen, opener)
    : await openListeners(listen, opener);
}

/** Where to listen when nobody says: some addresses, at the first of some ports that the system lets us have. */
interface DefaultListen {
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
}

/**
 * Listens on each address over UDP and TCP; port 0 is one that is free for both.
 * @throws ListenError for the first that cannot be had; then nothing is left open.
 */
export async function openListeners(
  addresses: readonly ListenAddress[],
  opener: Opener,
): Promise<readonly ListenerPair[]> {
  const pairs: ListenerPair[] = [];
  try {
    for (const address of addresses) pairs.push(await openPair(address, opener));
    return pairs;
  } catch (error) {
    await closeListeners(pairs);
    throw error;
  }
}

/**
 * Listens where nobody said: on the first port that needs no more rights than we have. A machine without IPv6 has no
 * `::1`, which is left out.
 * @throws ListenError when no address can be had, or one is taken by somebody else.
 */
async function openDefaultListeners(
  { hosts, ports }: DefaultListen,
  opener: Opener,
): Promise<readonly ListenerPair[]> {
  let refusal: ListenError | undefined;
  for (const port of ports) {
    const pairs: ListenerPair[] = [];
    for (const host of hosts) {
      try {
        pairs.push(...(await openListeners([{ host, port }], opener)));
      } catch (error) {
        refusal = error instanceof ListenError ? error : undefined;
        if (refusal !== undefined && absent.includes(refusal.code)) continue;
        await closeListeners(pairs.splice(0));
        if (refusal?.code !== 'EACCES') throw error;
        break;
      }
    }
    if (pairs.length > 0) return pairs;
  }
  throw refusal ?? new RangeError('No address to listen on was given.');
}

/** The system's words for an address that this machine does not have. */
const absent: readonly string[] = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/** Frees all addresses. */
export async function closeListeners(pairs: readonly ListenerPair[]): Promise<void> {
  await Promise.all(pairs.flatMap(({ udp, tcp }) => [udp.stop(), tcp.stop()]));
}

/**
 * How often a port is drawn when any will do. The system draws one that is free for UDP, which a TCP connection of
 * somebody, going out, may have; on a busy machine that is a few in a hundred.
 */
const DRAWS = 16;

async function openPair(address: ListenAddress, opener: Opener): Promise<ListenerPair> {
  for (let draw = 1; ; draw++) {
    const udp = await opener.udp(address);
    const taken = { host: address.host, port: udp.port };
    try {
      return { address: taken, udp, tcp: await opener.tcp(taken) };
    } catch (error) {
      await udp.stop();
      const mayDrawAgain = address.port === 0 && draw < DRAWS;
      if (!mayDrawAgain || !(error instanceof ListenError) || error.code !== 'EADDRINUSE') throw error;
    }
  }
}
