import { stat } from 'node:fs/promises';
import { throwLater } from '../async/throw-later.ts';
import { machineInterfaces } from './interfaces.ts';

/** Milliseconds between looks; each takes about 0.2 ms. A change is noticed after half of it on average. */
const LOOK_EVERY = 500;

/** Milliseconds that the wall clock may run away from the monotonic one between two looks before the machine slept. */
const SLEEP_JUMP = 2_000;

/** What changed. */
export type NetworkChange = 'interfaces' | 'resolver-files' | 'clock-jump';

/** The machine, as far as its network can be seen from here. */
export interface NetworkView {
  /** Text that differs when addresses or interfaces do. */
  interfaces(): string;
  /** Text that differs when one of the files that name resolvers was replaced, written, made or removed. */
  files(): Promise<string>;
  /** The wall clock and the monotonic clock, in milliseconds. */
  wall(): number;
  monotonic(): number;
}

/** This machine; `paths` are the files that name resolvers. */
export function machineView(paths: readonly string[]): NetworkView {
  return {
    interfaces: () =>
      Object.entries(machineInterfaces())
        .flatMap(([name, addresses]) => (addresses ?? []).map(({ cidr }) => `${name} ${cidr}`))
        .sort()
        .join('\n'),
    async files() {
      const seen = await Promise.all(paths.map(fileIdentity));
      return seen.join('\n');
    },
    wall: () => Date.now(),
    monotonic: () => performance.now(),
  };
}

/**
 * Calls `onChange` when the network is another: interfaces or addresses came or went, a file that names resolvers
 * changed, or the machine slept. It looks instead of being told, because being told needs netlink and inotify, which
 * Node has in part and other systems have not.
 * @returns what ends the watch.
 */
export function watchNetwork(view: NetworkView, onChange: (change: NetworkChange) => void): () => void {
  let stopped = false;
  let interfaces = view.interfaces();
  let files: string | undefined;
  let drift = view.wall() - view.monotonic();
  const look = async () => {
    const driftNow = view.wall() - view.monotonic();
    // The monotonic clock of Linux stands still while the machine sleeps, the wall clock does not.
    if (Math.abs(driftNow - drift) > SLEEP_JUMP) onChange('clock-jump');
    drift = driftNow;
    const interfacesNow = view.interfaces();
    if (interfacesNow !== interfaces) onChange('interfaces');
    interfaces = interfacesNow;
    const filesNow = await view.files();
    if (files !== undefined && filesNow !== files && !stopped) onChange('resolver-files');
    files = filesNow;
  };
  let timer: NodeJS.Timeout | undefined;
  const lookAgain = () => {
    if (!stopped) timer = setTimeout(lookNow, LOOK_EVERY).unref();
  };
  // A bug in one look does not end the watch.
  const lookNow = () => {
    look().catch(throwLater).then(lookAgain, throwLater);
  };
  lookNow();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}

async function fileIdentity(path: string): Promise<string> {
  try {
    const { ino, mtimeMs, size } = await stat(path);
    return `${path} ${ino} ${mtimeMs} ${size}`;
  } catch {
    // Not there, or not for us to see: both are the same to a reader of it.
    return `${path} -`;
  }
}
