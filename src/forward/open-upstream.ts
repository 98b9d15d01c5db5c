import { connect, isIPv6 } from 'node:net';
import type { Cancellation } from '../async/cancellation.ts';
import type { Clock } from '../async/clock.ts';
import type { HostAddresses } from './host-lookup.ts';
import { HttpsUpstream } from './https/upstream.ts';
import { NamedUpstream } from './named-upstream.ts';
import type { Random } from './random.ts';
import type { WrongReply } from './reply-match.ts';
import { specToText, type UpstreamSpec } from './spec/upstream-spec.ts';
import { StreamTransport } from './stream/transport.ts';
import { StreamUpstream } from './stream/upstream.ts';
import type { TlsAuthorities } from './tls/authorities.ts';
import { tlsTransport } from './tls/transport.ts';
import type { SentQuestions } from './udp/sent-questions.ts';
import type { SourcePorts } from './udp/source-ports.ts';
import { UdpUpstream } from './udp/upstream.ts';
import type { Upstream } from './upstream.ts';

/** What upstreams of every transport need. */
export interface UpstreamMeans {
  readonly clock: Clock;
  readonly random: Random;
  readonly ports: SourcePorts;
  readonly sent: SentQuestions;
}

/** What upstreams need besides when they are encrypted. */
export interface EncryptionMeans extends UpstreamMeans {
  /** Who makes certificates valid. */
  readonly authorities: TlsAuthorities;
  /**
   * Finds where an upstream is that is known by name, through upstreams that are not: never through the system's
   * resolver, which may be ourselves. @throws UpstreamFailure, or the reason of the cancellation.
   */
  readonly resolveHost: (host: string, cancellation: Cancellation) => Promise<HostAddresses>;
}

/** The upstream that `spec` means; nothing is sent before it is asked. */
export function openUpstream(spec: UpstreamSpec, means: EncryptionMeans): Upstream {
  if (spec.kind === 'udp' || spec.kind === 'tcp') return openPlainUpstream(spec, means);
  const label = specToText(spec);
  if (spec.address !== undefined) return openEncrypted(spec, spec.address, label, means);
  const { clock, resolveHost } = means;
  return new NamedUpstream({
    label,
    // Without an address there is a host (see `UpstreamSpec`).
    host: spec.host ?? '',
    clock,
    resolve: resolveHost,
    open: (address) => openEncrypted(spec, address, label, means),
  });
}

/** As `openUpstream`, for those that need no more than that. */
export function openPlainUpstream(
  spec: Extract<UpstreamSpec, { kind: 'udp' | 'tcp' }>,
  means: UpstreamMeans,
): Upstream {
  const { address, port } = spec;
  const label = specToText(spec);
  const tcp = tcpTransport(address, port, means);
  if (spec.kind === 'tcp') return new StreamUpstream(label, means.clock, tcp);
  return new UdpUpstream({ label, address, port, tcp, ...means });
}

function openEncrypted(
  spec: Extract<UpstreamSpec, { kind: 'tls' | 'https' }>,
  address: string,
  label: string,
  means: EncryptionMeans,
): Upstream {
  const { clock } = means;
  switch (spec.kind) {
    case 'tls':
      return new StreamUpstream(label, clock, tlsTransport({ ...spec, address }, means));
    case 'https':
      return new HttpsUpstream({ ...spec, address, label, ...means });
  }
}

function tcpTransport(
  address: string,
  port: number,
  { clock, random }: UpstreamMeans,
): (wrong: (kind: WrongReply) => void) => StreamTransport {
  // A numeric host is never looked up.
  const options = { host: address, port, family: isIPv6(address) ? 6 : 4, noDelay: true };
  return (wrong) =>
    new StreamTransport({ connect: () => connect(options), readyEvent: 'connect', clock, random, wrong });
}
