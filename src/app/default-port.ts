import type { Settings } from '../config/settings.ts';
import { defaultListen } from '../config/table/answering.ts';
import type { ServedAddress } from '../serve/served-address.ts';

/**
 * The port that the default means first, where this user may not listen on it and another one was taken; undefined when it was
 * had, or when the configuration names addresses.
 */
export function portNotPermitted(
  { listen }: Pick<Settings, 'listen'>,
  addresses: readonly ServedAddress[],
): number | undefined {
  const [wanted] = defaultListen.ports;
  const first = addresses.find(({ service }) => service === undefined);
  return listen !== 'default' || first === undefined || first.port === wanted ? undefined : wanted;
}

/** What it means that another port was taken, as a clause. */
export const otherPortMeans = 'where no program asks unless it is told to';

/** How a program of this machine gets the port, as a sentence. */
export const howToGetPort =
  'As a service it has that port: “sudo pkarrd install”, and “sudo pkarrd integrate” makes every program ask it.';
