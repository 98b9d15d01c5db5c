import { defaultListen, type Settings } from '../config/settings.ts';
import type { Endpoint } from '../system/own-addresses.ts';

/** Where the settings have us listen, wildcards as they are written. */
export function ownEndpoints(listen: Settings['listen']): readonly Endpoint[] {
  if (listen !== 'default') return listen.map(({ host, port }) => ({ address: host, port }));
  return defaultListen.hosts.flatMap((address) => defaultListen.ports.map((port) => ({ address, port })));
}
