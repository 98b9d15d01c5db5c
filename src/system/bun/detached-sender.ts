import { closeSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { ipv4FromText, ipv6FromText } from '../../ip/text.ts';
import { type Libc, loadLibc } from './libc.ts';

/** Numbers of Linux: address families of socket(7), and MSG_DONTWAIT with MSG_NOSIGNAL of send(2). */
const AF_INET = 2;
const AF_INET6 = 10;
const DONT_WAIT = 0x40 | 0x4000;

/** Sends from a socket that this process no longer reads from. */
export interface DetachedSender {
  /** As `sendMany` of Bun's socket. A datagram that the system refuses ends the list, or throws when it is the first. */
  sendMany(list: readonly (Uint8Array | number | string)[]): number;
  /** Closes its descriptor. */
  close(): void;
}

/**
 * A sender with a descriptor of its own for the socket of `descriptor`, which can then be closed: Bun has no socket that does
 * not read. Undefined where the C library cannot be called.
 */
export async function detachSender(descriptor: number): Promise<DetachedSender | undefined> {
  const libc = process.platform === 'linux' ? await loadLibc() : undefined;
  const copy = libc?.dup(descriptor) ?? -1;
  if (libc === undefined || copy < 0) return undefined;
  return {
    sendMany(list) {
      let sent = 0;
      for (; sent * 3 < list.length; sent++) {
        const [octets, port, host] = list.slice(sent * 3) as [Uint8Array, number, string];
        if (sendOne(libc, copy, octets, socketAddress(host, port))) continue;
        if (sent === 0) throw new Error(`a datagram cannot be sent to ${host} port ${port}`);
        break;
      }
      return sent;
    },
    close: () => closeSync(copy),
  };
}

function sendOne(libc: Libc, descriptor: number, octets: Uint8Array, address: Uint8Array): boolean {
  return Number(libc.sendto(descriptor, octets, octets.length, DONT_WAIT, address, address.length)) >= 0;
}

/** `sockaddr_in` of ip(7), or `sockaddr_in6` of ipv6(7), where the address of an IPv4 client is mapped. */
function socketAddress(host: string, port: number): Uint8Array {
  const [address = '', zone] = host.split('%');
  const ipv4 = ipv4FromText(address);
  const octets = Buffer.alloc(ipv4 === undefined ? 28 : 16);
  // The family and the scope id are in the order of this machine, which is little endian wherever Bun runs.
  octets.writeUInt16LE(ipv4 === undefined ? AF_INET6 : AF_INET, 0);
  octets.writeUInt16BE(port, 2);
  octets.set(ipv4 ?? ipv6FromText(address) ?? [], ipv4 === undefined ? 8 : 4);
  if (ipv4 === undefined && zone !== undefined) octets.writeUInt32LE(scopeId(zone), 24);
  return octets;
}

/** The number of an interface, which Bun may have written in place of its name. 0, for none, when it has gone. */
function scopeId(zone: string): number {
  if (/^\d{1,9}$/.test(zone)) return Number(zone);
  const addresses = networkInterfaces()[zone] ?? [];
  return addresses.reduce((found, address) => found || (address.scopeid ?? 0), 0);
}
