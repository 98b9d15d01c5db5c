import { write } from 'node:fs';
import { promisify } from 'node:util';
import { bun } from '../bun/api.ts';
import { loadLibc } from '../bun/libc.ts';

/** Sends one datagram. Rejects when the system refuses it. */
export type SendDatagram = (octets: Uint8Array) => Promise<void>;

const writeDescriptor = promisify(write);

/**
 * To the peer of a connected datagram socket, which `OpenFile=` of systemd 253 hands over: write(2) is send(2) there. Not
 * `writeSync`: a receiver that hangs must hold up one datagram and not the program.
 */
export function connectedSender(descriptor: number): SendDatagram {
  return async (octets) => {
    await writeDescriptor(descriptor, octets);
  };
}

/** Numbers of Linux: socket(2) and send(2). */
const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const DONT_WAIT = 0x40 | 0x4000;

/** The longest path of a `sockaddr_un` (unix(7)), without its final null. */
const MAX_PATH = 107;

/**
 * To the socket at a path, or of an abstract name that begins with `@`. Only Bun can, through the C library: undefined on Node,
 * which has no datagrams of AF_UNIX, and with musl.
 */
export async function pathSender(path: string): Promise<SendDatagram | undefined> {
  const address = socketAddress(path);
  if (bun === undefined || process.platform !== 'linux' || address === undefined) return undefined;
  const libc = await loadLibc();
  const descriptor = libc?.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) ?? -1;
  if (libc === undefined || descriptor < 0) return undefined;
  return async (octets) => {
    const sent = libc.sendto(descriptor, octets, octets.length, DONT_WAIT, address, address.length);
    if (Number(sent) < 0) throw new Error(`a datagram cannot be sent to ${path}`);
  };
}

/** Whether `pathSender` can send on this machine, with this runtime. */
export async function sendsDatagrams(): Promise<boolean> {
  return (await pathSender('/run/systemd/notify')) !== undefined;
}

/** `sockaddr_un` of unix(7): the family in the order of this machine, and the path. */
function socketAddress(path: string): Uint8Array | undefined {
  const octets = Buffer.from(path);
  const isAbstract = path.startsWith('@');
  if (octets.length > MAX_PATH || !(isAbstract || path.startsWith('/'))) return undefined;
  if (isAbstract) octets[0] = 0;
  return Buffer.concat([Uint8Array.of(AF_UNIX, 0), octets, new Uint8Array(isAbstract ? 0 : 1)]);
}
