import { elapsedClock } from '../async/elapsed-clock.ts';
import { machineInterfaceNames, machineInterfaces } from './interfaces.ts';
import { ResolverFiles } from './resolver-files.ts';
import { resolverSummary } from './system-upstreams.ts';

/** Milliseconds between looks; each takes about 0.2 ms. A change is noticed after half of it on average. */
const LOOK_EVERY = 500;

/** Milliseconds for which the machine slept, from which on connections and measurements are taken to be useless. */
const LONG_SLEEP = 2_000;

/** What changed. */
export type NetworkChange = 'interfaces' | 'resolvers' | 'sleep';

/** The machine, as far as its network can be seen from here. */
export interface NetworkView {
  /** Text that differs when addresses or interfaces do. */
  interfaces(): string;
  /** Text that differs when the files of the system name other resolvers or search domains. */
  resolvers(): Promise<string>;
  /** Milliseconds that the machine slept since the last call. */
  slept(): number;
}

/** This machine. */
export function machineView(files: ResolverFiles = new ResolverFiles()): NetworkView {
  return {
    interfaces: () =>
      Object.entries(machineInterfaces())
        .flatMap(([name, addresses]) => (addresses ?? []).map(({ cidr }) => `${name} ${cidr}`))
        .sort()
        .join('\n'),
    resolvers: async () => resolverSummary(await files.read(), machineInterfaceNames()),
    slept: () => elapsedClock.check(),
  };
}

/**
 * Calls `onChange` when the network changed: interfaces or addresses came or went, the system names other resolvers, or
 * the machine slept. It looks instead of being told, because being told needs netlink and inotify, which Node has in part
 * and other systems have not.
 * @param onBug told of what a look threw; the next one follows all the same.
 * @returns what ends the watch.
 */
export function watchNetwork(
  view: NetworkView,
  onChange: (change: NetworkChange) => void,
  onBug: (error: unknown) => void,
): () => void {
  let stopped = false;
  let interfaces = view.interfaces();
  let resolvers: string | undefined;
  const look = async () => {
    if (view.slept() > LONG_SLEEP) onChange('sleep');
    const interfacesNow = view.interfaces();
    if (interfacesNow !== interfaces) onChange('interfaces');
    interfaces = interfacesNow;
    const resolversNow = await view.resolvers();
    if (resolvers !== undefined && resolversNow !== resolvers && !stopped) onChange('resolvers');
    resolvers = resolversNow;
  };
  let timer: NodeJS.Timeout | undefined;
  const lookAgain = () => {
    if (!stopped) timer = setTimeout(lookNow, LOOK_EVERY).unref();
  };
  // A bug in one look does not end the watch.
  const lookNow = () => {
    look().catch(onBug).then(lookAgain, onBug);
  };
  lookNow();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
