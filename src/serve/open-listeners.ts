import type { ListenAddress } from '../config/listen-address.ts';
import { ListenError } from './listen-error.ts';
import type { Responder } from './responder.ts';
import { TcpListener } from './tcp-listener.ts';
import { UdpListener } from './udp-listener.ts';

/** The two listeners of one address. */
export interface ListenerPair {
  /** With the port that was taken. */
  readonly address: ListenAddress;
  readonly udp: UdpListener;
  readonly tcp: TcpListener;
}

/** Where to listen when nobody says: some addresses, at the first of some ports that the system lets us have. */
export interface DefaultListen {
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
}

/**
 * Listens on each address over UDP and TCP.
 * @throws ListenError for the first that cannot be had; then nothing is left open.
 */
export async function openListeners(
  addresses: readonly ListenAddress[],
  responder: Responder,
): Promise<readonly ListenerPair[]> {
  const pairs: ListenerPair[] = [];
  try {
    for (const address of addresses) pairs.push(await openPair(address, responder));
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
  responder: Responder,
): Promise<readonly ListenerPair[]> {
  let refusal: ListenError | undefined;
  for (const port of ports) {
    const pairs: ListenerPair[] = [];
    for (const host of hosts) {
      try {
        pairs.push(...(await openListeners([{ host, port }], responder)));
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

/** Ports that the system gives for UDP and that are tried for TCP too, before there is taken to be none. */
const MAX_PORT_TRIES = 8;

async function openPair(address: ListenAddress, responder: Responder): Promise<ListenerPair> {
  for (let tries = 1; ; tries++) {
    const udp = await UdpListener.open(address, responder);
    const taken = { host: address.host, port: udp.port };
    try {
      return { address: taken, udp, tcp: await TcpListener.open(taken, responder) };
    } catch (error) {
      await udp.stop();
      // A port that is free for UDP may be that of somebody's TCP connection.
      const mayHaveAnother =
        address.port === 0 && error instanceof ListenError && error.code === 'EADDRINUSE';
      if (!mayHaveAnother || tries === MAX_PORT_TRIES) throw error;
    }
  }
}
