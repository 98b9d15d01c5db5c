import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/** The addresses of each interface by its name. */
export type MachineInterfaces = Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>;

let lastView: MachineInterfaces = {};

/**
 * The interfaces of this machine that are up. Never throws: when the system cannot tell, because the process is out of
 * file descriptors for example, it is what the system told last, or nothing.
 */
export function machineInterfaces(): MachineInterfaces {
  try {
    lastView = networkInterfaces();
  } catch {
    // The view before is still the best one, and whoever asks looks again.
  }
  return lastView;
}

/** The addresses of this machine, as text. */
export function machineAddresses(): readonly string[] {
  return Object.values(machineInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
}
