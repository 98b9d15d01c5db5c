import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { elapsedClock } from '../async/elapsed-clock.ts';
import type { InterfaceNames } from './resolv-conf.ts';

/** The addresses of each interface by its name. */
export type MachineInterfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

/** Milliseconds for which a view is good enough: some queries want one, and the system takes 0.1 ms to make it. */
const GOOD_FOR = 100;

let lastView: MachineInterfaces = {};
let viewedAt = Number.NEGATIVE_INFINITY;

/**
 * The interfaces of this machine that are up. Never throws: when the system cannot tell, because the process is out of
 * file descriptors for example, it is what the system told last, or nothing.
 */
export function machineInterfaces(): MachineInterfaces {
  if (elapsedClock.now() - viewedAt < GOOD_FOR) return lastView;
  viewedAt = elapsedClock.now();
  try {
    lastView = networkInterfaces();
  } catch {
    // The view before is still the best one, and whoever asks looks again.
  }
  return lastView;
}

/** Whether 127.0.0.1 can be reached: its interface may be down. True where the system does not tell. */
export function hasLoopback(): boolean {
  try {
    return Object.values(networkInterfaces()).some((list) => list?.some(({ internal }) => internal));
  } catch {
    return true;
  }
}

/** The addresses of this machine, as text. */
export function machineAddresses(): readonly string[] {
  return Object.values(machineInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}

/**
 * An address whose zone is the number of an interface (RFC 4007 §11.2) with the name of that interface instead, which is
 * what libuv wants. Any other address as it is, and so one whose interface is not there now: asking it fails.
 */
export function withInterfaceName(address: string): string {
  const zone = address.indexOf('%');
  if (zone < 0 || !/^\d+$/.test(address.slice(zone + 1))) return address;
  const name = machineInterfaceNames().nameOf(Number(address.slice(zone + 1)));
  return name === undefined ? address : `${address.slice(0, zone)}%${name}`;
}

/** The interfaces of this machine that are up now, by name and by number. */
export function machineInterfaceNames(): InterfaceNames {
  const interfaces = machineInterfaces();
  return {
    has: (name) => Object.hasOwn(interfaces, name),
    // Each interface that speaks IPv6 has a link-local address (RFC 4291 §2.8), and that has the number.
    nameOf: (number) =>
      Object.keys(interfaces).find((name) =>
        interfaces[name]?.some((address) => address.family === 'IPv6' && address.scopeid === number),
      ),
  };
}
