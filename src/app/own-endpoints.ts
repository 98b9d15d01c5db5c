import { defaultListen, type Settings } from '../config/settings.ts';
import type { Endpoint } from '../system/own-addresses.ts';

/** The addresses that the settings listen on, wildcards included. */
export function ownEndpoints(listen: Settings['listen']): readonly Endpoint[] {
  if (listen !== 'default') return listen.map(({ host, port }) => ({ address: host, port }));
  return defaultListen.hosts.flatMap((address) => defaultListen.ports.map((port) => ({ address, port })));
}
