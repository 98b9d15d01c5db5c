import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FileError, readUserFile } from '../../files/read-file.ts';

/** Where the system says which connections are metered. */
export interface MeteredPlaces {
  /** A directory for each interface. */
  readonly interfaces: string;
  /** NetworkManager's state of each interface, in a file named by its number. */
  readonly devices: string;
  /** Directories of NetworkManager's connection profiles (nm-settings-keyfile(5)); most are readable by root alone. */
  readonly profiles: readonly string[];
  /** Leases of systemd-networkd, in a file named by the number of the interface. */
  readonly leases: string;
}

const machinePlaces: MeteredPlaces = {
  interfaces: '/sys/class/net',
  devices: '/run/NetworkManager/devices',
  profiles: [
    '/etc/NetworkManager/system-connections',
    '/run/NetworkManager/system-connections',
    '/usr/lib/NetworkManager/system-connections',
  ],
  leases: '/run/systemd/netif/leases',
};

/** Bytes of a file that is read; none of these files is longer. */
const MAX_LENGTH = 65_536;
/** Profiles of one directory. */
const MAX_PROFILES = 256;

/** What an Android phone that shares its connection says in DHCP option 43, in the hexadecimal form of a lease. */
const ANDROID_METERED = Buffer.from('ANDROID_METERED').toString('hex');
/** Types of connection that NetworkManager takes for metered if nobody says otherwise. */
const METERED_TYPES: ReadonlySet<string> = new Set(['gsm', 'cdma', 'bluetooth', 'wimax']);

/**
 * Whether the connection of an interface is metered, as far as files say: what the user chose in NetworkManager, or else what
 * NetworkManager guesses too, a mobile network or an Android phone that shares its connection. False if nothing can be read.
 */
export async function isMetered(
  interfaceName: string,
  places: MeteredPlaces = machinePlaces,
): Promise<boolean> {
  const index = (await textOf(join(places.interfaces, interfaceName, 'ifindex'))).trim();
  if (!/^\d+$/.test(index)) return false;
  const profile = await profileOf(index, places);
  const chosen = profile.get('connection.metered');
  // NMMetered of libnm: 0 unknown, 1 yes, 2 no.
  if (chosen === '1' || chosen === 'yes' || chosen === 'true') return true;
  if (chosen === '2' || chosen === 'no' || chosen === 'false') return false;
  if (METERED_TYPES.has(profile.get('connection.type') ?? '')) return true;
  const device = keysOf(await textOf(join(places.interfaces, interfaceName, 'uevent')));
  if (device.get('DEVTYPE') === 'wwan') return true;
  const lease = keysOf(await textOf(join(places.leases, index)));
  return (lease.get('VENDOR_SPECIFIC') ?? '').toLowerCase().includes(ANDROID_METERED);
}

/** The keys of the profile that is active on an interface, by `SECTION.KEY`; none if that is not known. */
async function profileOf(index: string, places: MeteredPlaces): Promise<ReadonlyMap<string, string>> {
  const uuid = keysOf(await textOf(join(places.devices, index))).get('device.connection-uuid');
  if (uuid === undefined) return new Map();
  for (const directory of places.profiles) {
    for (const file of await namesIn(directory)) {
      const keys = keysOf(await textOf(join(directory, file)));
      if (keys.get('connection.uuid') === uuid) return keys;
    }
  }
  return new Map();
}

/** `KEY=VALUE` lines by key, with the section that they are in before it: `SECTION.KEY`. */
function keysOf(text: string): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  let section = '';
  for (const line of text.split('\n')) {
    const heading = /^\[(.*)\]\s*$/.exec(line);
    if (heading !== null) section = `${heading[1]}.`;
    const at = line.indexOf('=');
    if (heading === null && at > 0) keys.set(section + line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  return keys;
}

/** Empty if the file cannot be read. */
async function textOf(path: string): Promise<string> {
  try {
    return (await readUserFile(path, { maxBytes: MAX_LENGTH })).bytes.toString();
  } catch (error) {
    if (error instanceof FileError) return '';
    throw error;
  }
}

/** Empty if the directory cannot be read. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort().slice(0, MAX_PROFILES);
  } catch {
    return [];
  }
}
