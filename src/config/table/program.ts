import { join } from 'node:path';
import { logLevels } from '../../observe/log.ts';
import { bytes, choice, count } from '../setting-kinds.ts';
import { path } from '../value-kinds.ts';
import { type Machine, setting } from './setting.ts';

/** Settings of the program itself: processes, memory, disk, log. */
export const program = {
  workers: setting({
    name: 'workers',
    kind: count({ least: 1, most: 64 }),
    default: () => 1,
    help: 'Number of processes that answer queries, one per CPU core to use; above 1, another one runs the DHT',
  }),
  stateDir: setting({
    name: 'state-dir',
    kind: { ...path, placeholder: 'DIRECTORY' },
    default: defaultStateDir,
    defaultText:
      '/var/lib/pkarrd for root and users without a home directory, otherwise ~/.local/state/pkarrd',
    help: 'Directory for data that is kept across restarts',
  }),
  cacheSize: setting({
    name: 'cache-size',
    kind: bytes({ least: 64e3, most: 4e9 }),
    default: () => 16e6,
    help: 'Memory for the answer cache',
  }),
  storeSize: setting({
    name: 'store-size',
    kind: bytes({ least: 64e3, most: 1e9 }),
    default: () => 16e6,
    help: 'Disk space for signed packets that are kept across restarts',
  }),
  packetCacheSize: setting({
    name: 'packet-cache-size',
    kind: bytes({ least: 64e3, most: 4e9 }),
    default: () => 16e6,
    help: 'Memory for the packet cache',
  }),
  logLevel: setting({
    name: 'log-level',
    kind: choice(logLevels),
    default: () => 'info' as const,
    help: 'Log verbosity; names and keys are logged only with debug',
  }),
};

/** Where a service of the system keeps its state (Filesystem Hierarchy Standard 3.0 §5.8). */
const SYSTEM_STATE_DIR = '/var/lib/pkarrd';

function defaultStateDir({ environment, isRoot, home }: Machine): string {
  // systemd.exec(5): StateDirectory= sets $STATE_DIRECTORY, a list of absolute paths separated by colons.
  const { STATE_DIRECTORY: stateDirectory, XDG_STATE_HOME: base } = environment;
  const given = stateDirectory?.split(':')[0];
  if (given?.startsWith('/') === true) return given;
  if (isRoot) return SYSTEM_STATE_DIR;
  // XDG Base Directory Specification: "All paths set in these environment variables must be absolute", else ignored.
  if (base?.startsWith('/') === true) return `${base}/pkarrd`;
  // A user without a passwd entry (a container, `DynamicUser=`) may have been given the system's directory.
  return home === undefined ? SYSTEM_STATE_DIR : join(home, '.local/state/pkarrd');
}
