import { defaultListen } from '../config/table/answering.ts';
import { type ListenSettings, serviceAddresses } from '../serve/served-address.ts';
import type { Endpoint } from '../system/own-addresses.ts';

/** The addresses that the settings listen on, wildcards included. */
export function ownEndpoints(settings: ListenSettings): readonly Endpoint[] {
  const { listen } = settings;
  const named = [...(listen === 'default' ? [] : listen), ...serviceAddresses(settings)];
  const byDefault =
    listen === 'default'
      ? defaultListen.hosts.flatMap((address) => defaultListen.ports.map((port) => ({ address, port })))
      : [];
  return [...byDefault, ...named.map(({ host, port }) => ({ address: host, port }))];
}
