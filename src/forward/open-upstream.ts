import { connect, isIPv6 } from 'node:net';
import type { Clock } from './clock.ts';
import type { Random } from './random.ts';
import type { WrongReply } from './reply-match.ts';
import type { SourcePorts } from './source-ports.ts';
import { StreamTransport } from './stream-transport.ts';
import { StreamUpstream } from './stream-upstream.ts';
import { UdpUpstream } from './udp-upstream.ts';
import type { Upstream } from './upstream.ts';
import { specToText, type UpstreamSpec, UpstreamSpecError } from './upstream-spec.ts';

/** What upstreams of every transport need. */
export interface UpstreamMeans {
  readonly clock: Clock;
  readonly random: Random;
  readonly ports: SourcePorts;
}

/**
 * The upstream that `spec` means; nothing is sent before it is asked.
 * @throws UpstreamSpecError for a transport that this version does not have.
 */
export function openUpstream(spec: UpstreamSpec, means: UpstreamMeans): Upstream {
  const label = specToText(spec);
  switch (spec.kind) {
    case 'udp': {
      const tcp = tcpTransport(spec.address, spec.port, means);
      return new UdpUpstream({ label, address: spec.address, port: spec.port, tcp, ...means });
    }
    case 'tcp':
      return new StreamUpstream(label, means.clock, tcpTransport(spec.address, spec.port, means));
    case 'tls':
      throw new UpstreamSpecError(`upstream "${label}": DNS over TLS is not available in this version`);
    case 'https':
      throw new UpstreamSpecError(`upstream "${label}": DNS over HTTPS is not available in this version`);
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
