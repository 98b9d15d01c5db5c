import { readFileSync } from 'node:fs';
import { defaultListen, type Settings } from '../config/settings.ts';
import type { UpstreamSet } from '../forward/forwarder.ts';
import {
  readUpstreams,
  usesSystem,
  type WrittenUpstreams,
  withSystem,
} from '../forward/spec/upstream-set.ts';
import { TlsAuthorities } from '../forward/tls/authorities.ts';
import { canonicalAddress } from '../ip/address.ts';
import type { Log } from '../observe/log.ts';
import { machineAddresses } from '../system/interfaces.ts';
import { type Endpoint, whyOurs } from '../system/own-addresses.ts';
import { findSystemUpstreams, type SystemUpstreams } from '../system/resolv-conf.ts';

/**
 * Whom to ask for ordinary names: those that are configured, and where these include `system` the resolvers that the
 * network gives now.
 * @throws UpstreamSpecError for a text that is not an upstream.
 */
export async function chooseUpstreams(
  settings: Pick<Settings, 'upstream' | 'fallback' | 'listen'>,
  log: Log,
): Promise<UpstreamSet> {
  const written = writtenUpstreams(settings);
  if (!usesSystem(written)) return withSystem(written, []);
  const found = await systemUpstreams(settings.listen);
  if (found.path === undefined) {
    log.warn(
      'This system names no resolver to ask for ordinary names; set "upstream", or wait for a network.',
      {
        looked: found.reports.map(({ path, problem }) => `${path} ${problem}`).join('; '),
      },
    );
  } else {
    log.info('Ordinary names are asked of the resolvers that the network gave.', {
      upstreams: found.servers.map(({ address }) => address).join(','),
      from: found.path,
    });
  }
  return withSystem(written, found.servers);
}

/**
 * Whether the resolvers that the network gives are asked, so that another network is another choice.
 * @throws UpstreamSpecError for a text that is not an upstream.
 */
export function asksSystem(settings: Pick<Settings, 'upstream' | 'fallback'>): boolean {
  return usesSystem(writtenUpstreams(settings));
}

function writtenUpstreams({ upstream, fallback }: Pick<Settings, 'upstream' | 'fallback'>): WrittenUpstreams {
  return readUpstreams(upstream === 'system' ? ['system'] : upstream, fallback);
}

/**
 * Whose word makes the certificate of an upstream valid: the public authorities, and those of a file.
 * @throws TlsAuthoritiesError for a file that holds none, or the system's error.
 */
export function upstreamAuthorities({ upstreamCa }: Pick<Settings, 'upstreamCa'>): TlsAuthorities {
  if (upstreamCa === 'bundled') return TlsAuthorities.bundled;
  return TlsAuthorities.parse(readFileSync(upstreamCa, 'utf8'));
}

/** The resolvers that the system names, ourselves left out, and how they were found. */
export function systemUpstreams(listen: Settings['listen']): Promise<SystemUpstreams> {
  return findSystemUpstreams({ listening: ownEndpoints(listen), machine: machineAddresses() });
}

/** Why an upstream at `endpoint` would be asking ourselves, as a clause; undefined when it would not. */
export function whyLoop(endpoint: Endpoint, listen: Settings['listen']): string | undefined {
  return whyOurs(endpoint, ownEndpoints(listen), machineAddresses());
}

/** Whether an interface of this machine has this address, which is in its usual spelling. */
export function isMachineAddress(address: string): boolean {
  return machineAddresses().some((own) => canonicalAddress(own) === address);
}

function ownEndpoints(listen: Settings['listen']): readonly Endpoint[] {
  if (listen !== 'default') return listen.map(({ host, port }) => ({ address: host, port }));
  return defaultListen.hosts.flatMap((address) => defaultListen.ports.map((port) => ({ address, port })));
}
