import type { Cancellation } from '../async/cancellation.ts';
import { httpsTransport } from './https/transport.ts';
import type { HostAddresses } from './named/host-lookup.ts';
import { NamedUpstream } from './named/upstream.ts';
import { specToText, type UpstreamSpec } from './spec/upstream-spec.ts';
import { tcpTransport } from './stream/transport.ts';
import type { TlsAuthorities } from './tls/authorities.ts';
import { tlsTransport } from './tls/transport.ts';
import { TransportUpstream } from './transport.ts';
import { type UdpParts, UdpTransport } from './udp/transport.ts';
import type { Upstream } from './upstream.ts';

/** The dependencies of upstreams, encrypted ones included. */
export interface UpstreamParts extends UdpParts {
  /** The trusted certificate authorities. */
  readonly authorities: TlsAuthorities;
  /**
   * Looks up the host name of an upstream through upstreams with an address, never through the resolver of the system,
   * which may be pkarrd itself. @throws UpstreamFailure, or the reason of the cancellation.
   */
  readonly resolveHost: (host: string, cancellation: Cancellation) => Promise<HostAddresses>;
}

/** Opens an upstream. Nothing is sent before the first question. */
export function openUpstream(spec: UpstreamSpec, parts: UpstreamParts): Upstream {
  if (spec.kind === 'udp' || spec.kind === 'tcp') return openPlainUpstream(spec, parts);
  if (spec.address !== undefined) return openEncrypted(spec, spec.address, parts);
  const { clock, resolveHost } = parts;
  return new NamedUpstream({
    label: specToText(spec),
    // Without an address there is a host (see `UpstreamSpec`).
    host: spec.host ?? '',
    clock,
    resolve: resolveHost,
    open: (address) => openEncrypted(spec, address, parts),
  });
}

/** Like `openUpstream`, for upstreams without encryption. */
export function openPlainUpstream(
  spec: Extract<UpstreamSpec, { kind: 'udp' | 'tcp' }>,
  parts: UdpParts,
): Upstream {
  const { address, port } = spec;
  return new TransportUpstream(specToText(spec), parts.clock, (setup) => {
    const tcp = tcpTransport(address, port, parts, setup);
    return spec.kind === 'tcp' ? tcp : new UdpTransport(spec, tcp, parts, setup);
  });
}

function openEncrypted(
  spec: Extract<UpstreamSpec, { kind: 'tls' | 'https' }>,
  address: string,
  parts: UpstreamParts,
): Upstream {
  return new TransportUpstream(specToText(spec), parts.clock, (setup) =>
    spec.kind === 'tls'
      ? tlsTransport({ ...spec, address }, parts, setup)
      : httpsTransport({ ...spec, address }, parts, setup),
  );
}
