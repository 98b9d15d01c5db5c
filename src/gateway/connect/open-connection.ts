import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { addressOctets, addressToText } from '../../ip/address.ts';
import type { PublicKey } from '../../pkarr/public-key.ts';
import { GatewayFailure } from '../failure/failure.ts';
import type { AddressGuard } from './address-guard.ts';
import { isBadPort } from './bad-ports.ts';
import { hasServerKey } from './server-key.ts';

/** One connection to make. */
export interface ConnectionTarget {
  readonly address: string;
  readonly port: number;
  /** Every key on the way to the address. */
  readonly keys: readonly PublicKey[];
  /** The key that the server must have; undefined for a connection in the clear. */
  readonly serverKey: PublicKey | undefined;
}

/**
 * Opens a connection over which a request may be sent: the address was allowed before, and is again when it stands; with TLS, the
 * server has the key. Nothing but the handshake was sent.
 *
 * @param ms for all of it. @throws GatewayFailure, and the reason of `signal`. What is not returned is closed.
 */
export async function openConnection(
  target: ConnectionTarget,
  guard: AddressGuard,
  ms: number,
  signal: AbortSignal,
): Promise<Socket> {
  const { address, port, keys, serverKey } = target;
  if (isBadPort(port)) throw new GatewayFailure('port-refused', String(port));
  const octets = guard.allowed(address, keys);
  if (octets === undefined)
    throw new GatewayFailure(guard.isOfNobody(address) ? 'no-host' : 'address-refused', address);
  signal.throwIfAborted();
  const raw = connect({ host: addressToText(octets), port, noDelay: true });
  // Errors after the connection stands belong to whoever has it.
  raw.on('error', () => {});
  const stop = new AbortController();
  const abort = () => stop.abort(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  const timer = setTimeout(() => stop.abort(new GatewayFailure('silent', address)), ms);
  try {
    await settled(raw, 'connect', stop.signal, (error) => networkFailure(error, address));
    checkPeer(raw, guard, keys);
    return serverKey === undefined ? raw : await secured(raw, serverKey, address, stop.signal);
  } catch (error) {
    raw.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}

/**
 * The address to which the socket is connected is what counts, whatever was asked for. A connection of which both ends are one
 * address ends on this machine, whether an interface lists the address or not.
 */
function checkPeer(socket: Socket, guard: AddressGuard, keys: readonly PublicKey[]): void {
  const { remoteAddress = '', localAddress = '' } = socket;
  const isAllowed = guard.allowed(remoteAddress, keys) !== undefined;
  const isToItself = sameAddress(remoteAddress, localAddress) && !guard.isExempt(keys);
  if (!isAllowed || isToItself) throw new GatewayFailure('address-refused', remoteAddress);
}

function sameAddress(one: string, other: string): boolean {
  const [a, b] = [addressOctets(one), addressOctets(other)];
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}

/** TLS 1.3 with the server of `key`. SNI is the name of the key: one that every server of it has. */
async function secured(raw: Socket, key: PublicKey, address: string, signal: AbortSignal): Promise<Socket> {
  const socket = connectTls({
    socket: raw,
    servername: key.text,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    ALPNProtocols: ['http/1.1'],
    // The chain and the dates say nothing; the key is compared below, before anything is sent. No session is given to resume.
    rejectUnauthorized: false,
  });
  socket.on('error', () => {});
  try {
    await settled(socket, 'secureConnect', signal, (error) => tlsFailure(error, address));
    if (!hasServerKey(socket, key)) throw new GatewayFailure('wrong-key', address);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Resolves with the event, and rejects with what an error or the end of the socket means, or with the signal's reason. */
async function settled(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
  failureOf: (error: NodeJS.ErrnoException | undefined) => GatewayFailure,
): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const done = () => {
      socket.off(event, onEvent);
      socket.off('error', onError);
      socket.off('close', onClose);
      signal.removeEventListener('abort', onAbort);
    };
    const onEvent = () => {
      done();
      resolve();
    };
    const fail = (reason: unknown) => {
      done();
      reject(reason);
    };
    const onError = (error: Error) => fail(failureOf(error));
    const onClose = () => fail(failureOf(undefined));
    const onAbort = () => fail(signal.reason);
    socket.on(event, onEvent);
    socket.on('error', onError);
    socket.on('close', onClose);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Errors that say that this machine has no way to the address: connect(2). */
const noWay: ReadonlySet<string | undefined> = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'ENETDOWN']);

function networkFailure(error: NodeJS.ErrnoException | undefined, address: string): GatewayFailure {
  if (noWay.has(error?.code)) return new GatewayFailure('offline', address, { cause: error });
  if (error?.code === 'ETIMEDOUT') return new GatewayFailure('silent', address, { cause: error });
  return new GatewayFailure('down', address, { cause: error });
}

/**
 * What a failed handshake means, by the alert that the server sent (RFC 8446 §6.2). OpenSSL and BoringSSL put its name into the
 * code of the error.
 */
function tlsFailure(error: NodeJS.ErrnoException | undefined, address: string): GatewayFailure {
  const text = `${error?.code ?? ''} ${error?.message ?? ''}`.toUpperCase().replaceAll(' ', '_');
  const options = { cause: error };
  // RFC 7250 §4.2: a server with which we share no type of certificate ends "with a fatal alert of type "unsupported_certificate"".
  if (text.includes('UNSUPPORTED_CERTIFICATE')) return new GatewayFailure('raw-key', address, options);
  if (text.includes('HANDSHAKE_FAILURE')) return new GatewayFailure('tls-refused', address, options);
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/.test(text))
    return new GatewayFailure('tls-version', address, options);
  return new GatewayFailure('tls', address, options);
}
