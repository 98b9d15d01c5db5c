import type { ListenAddress } from '../config/listen-address.ts';
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

/** Where to listen when nobody says: some addresses, at the first of some ports that the system lets us have. */
export interface DefaultListen {
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
export async function openDefaultListeners(
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
        if (refusal !== undefined && isAbsent(refusal)) continue;
        await closeListeners(pairs.splice(0));
        if (refusal?.code !== 'EACCES') throw error;
        break;
      }
    }
    if (pairs.length > 0) return pairs;
  }
  throw refusal ?? new RangeError('No address to listen on was given.');
}

/** What can be had of several addresses with one port. */
export interface OpenedHosts {
  /** The port that was taken. */
  readonly port: number;
  /** By host, as the errors. */
  readonly pairs: ReadonlyMap<string, ListenerPair>;
  readonly errors: ReadonlyMap<string, ListenError>;
}

/** Listens on all of `hosts` that can be had; port 0 is one that is free at all of them, if there is one. */
export async function openHosts(
  hosts: readonly string[],
  port: number,
  opener: Opener,
): Promise<OpenedHosts> {
  for (let draw = 1; ; draw++) {
    const pairs = new Map<string, ListenerPair>();
    const errors = new Map<string, ListenError>();
    let taken = port;
    for (const host of hosts) {
      try {
        const pair = await openPair({ host, port: taken }, opener);
        pairs.set(host, pair);
        taken = pair.address.port;
      } catch (error) {
        if (!(error instanceof ListenError)) {
          await closeListeners([...pairs.values()]);
          throw error;
        }
        errors.set(host, error);
      }
    }
    const isTaken = [...errors.values()].some(({ code }) => code === 'EADDRINUSE');
    if (port !== 0 || !isTaken || draw === DRAWS) return { port: taken, pairs, errors };
    await closeListeners([...pairs.values()]);
  }
}

/** Whether this machine does not have the address: it may come. */
export function isAbsent({ code, address }: ListenError): boolean {
  return absent.includes(code) || (address.host.includes('%') && withoutInterface.includes(code));
}

/** The system's words for an address that this machine does not have, and for a family that it does not know. */
const absent: readonly string[] = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/** The same for a link-local address whose interface this machine does not have. */
const withoutInterface: readonly string[] = ['EINVAL', 'ENODEV', 'ENXIO'];

/** Frees all addresses. */
export async function closeListeners(pairs: readonly ListenerPair[]): Promise<void> {
  await Promise.all(pairs.flatMap(({ udp, tcp }) => [udp.stop(), tcp.stop()]));
}

/**
 * How often a port is drawn when any will do. The system draws one that is free for UDP, which a TCP connection of
 * somebody, going out, may have; on a busy machine that is a few in a hundred.
 */
const DRAWS = 16;

/** Listens over UDP and TCP; port 0 is one that is free for both. @throws ListenError. */
export async function openPair(address: ListenAddress, opener: Opener): Promise<ListenerPair> {
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
