import { throwLater } from '../async/throw-later.ts';
import type { ListenAddress } from '../config/listen-address.ts';
import { type BoundSockets, noBoundSockets } from '../system/activation/bound-sockets.ts';
import type { CertificateSource } from './certificate/certificate.ts';
import type { HttpsConnections } from './https/https-listener.ts';
import { ListenError } from './listen-error.ts';
import type { Opened } from './opened.ts';
import type { Responder } from './responder.ts';
import type { ServedAddress, Service } from './served-address.ts';
import { TcpConnections } from './tcp/connections.ts';
import { TcpListener } from './tcp/listener.ts';
import type { Handshakes } from './tls/handshakes.ts';
import { UdpListener } from './udp/listener.ts';

/** Opens listeners. All reject with a ListenError when the address is not available. */
export interface Opener {
  udp(address: ListenAddress): Promise<Opened>;
  tcp(address: ListenAddress): Promise<Opened>;
  service(service: Service, address: ListenAddress): Promise<Opened>;
  /** Sockets that this process was given: they are taken, and nothing is bound where there is one. */
  readonly given?: BoundSockets;
}

/** The listeners of one address. */
export interface ListenerPair {
  /** With the actual port. */
  readonly address: ServedAddress;
  /** Undefined for a service of its own, and when only the other could be had, which we were given: see `missing`. */
  readonly udp: Opened | undefined;
  readonly tcp: Opened | undefined;
  /** Why one of the two is not there. */
  readonly missing?: ListenError;
}

/** What is answered with, and at which sockets. */
export interface AnsweringParts {
  /** The sockets that this process was given; none by default. */
  readonly given?: BoundSockets;
  /** The certificate of DNS over TLS and HTTPS. */
  readonly certificate?: CertificateSource;
  /** Called with an unexpected error: a bug, which costs one answer. */
  readonly onBug?: (error: unknown) => void;
}

/** Opens listeners whose queries `responder` answers, at the sockets that this process was given or at its own. */
export function answering(
  responder: Responder,
  { given = noBoundSockets, certificate, onBug = throwLater }: AnsweringParts = {},
): Opener {
  const connections = new TcpConnections(responder);
  let https: HttpsConnections | undefined;
  let handshakes: Handshakes | undefined;
  const find = (protocol: 'udp' | 'tcp', { host, port }: ListenAddress) => given.find(protocol, host, port);
  return {
    udp: (address) => UdpListener.open(address, responder, find('udp', address)),
    tcp: (address) => TcpListener.open(address, connections, find('tcp', address)),
    async service(service, address) {
      const descriptor = find('tcp', address);
      // Loaded when it is asked for: most machines have no use for it.
      const { Handshakes } = await import('./tls/handshakes.ts');
      handshakes ??= new Handshakes();
      if (service === 'tls') {
        const { openTls } = await import('./tls/open-tls.ts');
        const parts = { connections, certificate: needed(certificate), handshakes };
        return await openTls(address, parts, descriptor);
      }
      const { HttpsConnections, openDoh } = await import('./https/https-listener.ts');
      https ??= new HttpsConnections();
      const shown = service === 'https' ? needed(certificate) : certificate;
      const parts = { responder, certificate: shown, connections: https, handshakes, onBug };
      return await openDoh(service, address, parts, descriptor);
    },
    given,
  };
}

function needed(certificate: CertificateSource | undefined): CertificateSource {
  if (certificate === undefined) throw new RangeError('nobody has a certificate');
  return certificate;
}

/** Where to listen by default: on these addresses, on the first of these ports that is permitted. */
export interface DefaultListen {
  readonly hosts: readonly string[];
  readonly ports: readonly number[];
}

/**
 * Listens on each address over UDP and TCP; port 0 means a port that is free for both.
 * @throws ListenError for the first address that is not available; then nothing is left open.
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
 * Listens on the default addresses, on the first port that is permitted. Addresses that the machine does not have are left
 * out, such as `::1` without IPv6.
 * @throws ListenError when no address is available, or one is in use.
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

/** What was opened of several addresses with one port. */
export interface OpenedHosts {
  /** The actual port. */
  readonly port: number;
  /** By host, like the errors. */
  readonly pairs: ReadonlyMap<string, ListenerPair>;
  readonly errors: ReadonlyMap<string, ListenError>;
}

/** Listens on all of `hosts` that are available; port 0 means a port that is free on all of them, if there is one. */
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

/** Whether the machine does not have the address, so that it may come later. */
export function isAbsent({ code, address }: ListenError): boolean {
  return absent.includes(code) || (address.host.includes('%') && withoutInterface.includes(code));
}

/** Error codes for an address that the machine does not have, or of a family that it does not support. */
const absent: readonly string[] = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/** The same for a link-local address whose interface does not exist; the last is what Bun says. */
const withoutInterface: readonly string[] = ['EINVAL', 'ENODEV', 'ENXIO', 'ENOENT'];

/** Closes all listeners. */
export async function closeListeners(pairs: readonly ListenerPair[]): Promise<void> {
  await Promise.all(pairs.flatMap(({ udp, tcp }) => [udp?.stop(), tcp?.stop()]));
}

/** Leaves what can be left to others: see `Opened`. */
export async function leaveListeners(pairs: readonly ListenerPair[]): Promise<void> {
  await Promise.all(pairs.flatMap(({ udp, tcp }) => [udp?.leave?.(), tcp?.leave?.()]));
}

/** Listens on an address for what is spoken there. @throws ListenError. */
export async function openListener(address: ServedAddress, opener: Opener): Promise<ListenerPair> {
  const { service, ...place } = address;
  if (service === undefined) return await openPair(place, opener);
  const tcp = await opener.service(service, place);
  return { address: { ...address, port: tcp.port }, udp: undefined, tcp };
}

/**
 * How many ports are tried for port 0. The system chooses one that is free for UDP, but an outgoing TCP connection may be
 * using it; on a busy machine that happens to a few in a hundred.
 */
const DRAWS = 16;

/**
 * Listens over UDP and TCP; port 0 means a port that is free for both. When we were given one of the two, the other may be
 * missing.
 * @throws ListenError.
 */
async function openPair(address: ListenAddress, opener: Opener): Promise<ListenerPair> {
  if (opener.given?.has(address.host, address.port) === true)
    return await openGiven(address, opener, opener.given);
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

async function openGiven(address: ListenAddress, opener: Opener, given: BoundSockets): Promise<ListenerPair> {
  const { host, port } = address;
  const isGiven = {
    udp: given.find('udp', host, port) !== undefined,
    tcp: given.find('tcp', host, port) !== undefined,
  };
  // The given one first: without it there is no reason to go on with half of the pair.
  const first = isGiven.udp ? 'udp' : 'tcp';
  const second = isGiven.udp ? 'tcp' : 'udp';
  const opened = await opener[first](address);
  const halves = { udp: undefined, tcp: undefined, [first]: opened };
  try {
    return { address, ...halves, [second]: await opener[second](address) };
  } catch (error) {
    if (error instanceof ListenError && !isGiven[second]) return { address, ...halves, missing: error };
    await opened.stop();
    throw error;
  }
}
