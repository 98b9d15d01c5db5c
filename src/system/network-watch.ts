import { elapsedClock } from '../async/elapsed-clock.ts';
import { machineInterfaceNames, machineInterfaces } from './interfaces.ts';
import { linkFacts } from './links/link-facts.ts';
import { hiddenChange, linkPlaces, linkSummary } from './links/link-resolvers.ts';
import { ResolverFiles } from './resolver-files.ts';
import { resolverSummary } from './system-upstreams.ts';

/** Milliseconds between looks; each takes about 0.2 ms. A change is noticed after half of it on average. */
const LOOK_EVERY = 500;

/** Milliseconds of sleep after which connections and measurements are discarded. */
const LONG_SLEEP = 2_000;

/** What changed. */
export type NetworkChange = 'interfaces' | 'resolvers' | 'sleep';

/** The network of the machine, as this process sees it. */
export interface NetworkView {
  /** Text that differs when addresses or interfaces do. */
  interfaces(): string;
  /** Text that differs when the files of the system name other resolvers or domains, for the machine or for a link. */
  resolvers(): Promise<string>;
  /** Milliseconds that the machine slept since the last call. */
  slept(): number;
}

/** This machine. */
export function machineView(
  files: ResolverFiles = new ResolverFiles(),
  linkFiles: ResolverFiles = new ResolverFiles(linkPlaces),
): NetworkView {
  return {
    interfaces: () =>
      Object.entries(machineInterfaces())
        .flatMap(([name, addresses]) => (addresses ?? []).map(({ cidr }) => `${name} ${cidr}`))
        .sort()
        .join('\n'),
    resolvers: async () => {
      const [places, ofLinks] = await Promise.all([files.read(), linkFiles.read()]);
      return (
        resolverSummary(places, machineInterfaceNames()) + linkSummary(ofLinks, linkFacts) + hiddenChange()
      );
    },
    slept: () => elapsedClock.check(),
  };
}

/**
 * Calls `onChange` when the network changed: interfaces or addresses came or went, the system names other resolvers, or
 * the machine slept. It polls, because events would need netlink and inotify, which Node supports in part and other systems
 * do not have.
 * @param onBug called with an error that a look threw; the watch continues.
 * @returns a function that ends the watch.
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
