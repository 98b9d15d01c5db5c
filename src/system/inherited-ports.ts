import { isIPv6, type ListenOptions } from 'node:net';
import { bun } from './bun/api.ts';
import { isWorker } from './worker-role.ts';

/** A port that a worker on Bun inherits from the primary. */
export interface InheritedPort {
  readonly protocol: 'udp' | 'tcp';
  readonly host: string;
  readonly port: number;
}

/** The environment variable that lists the ports, in the order of their descriptors, as JSON. */
export const PORTS_VARIABLE = 'PKARRD_PORTS';

/** The first inherited descriptor: after standard input, output, error, and the channel to the primary. */
export const FIRST_INHERITED = 4;

/** The backlog of connections to accept: Node's default. */
const BACKLOG = 511;

/** The inherited descriptor of a port, in a worker on Bun; undefined where sockets are bound as usual. */
export function inheritedDescriptor(
  protocol: InheritedPort['protocol'],
  host: string,
  port: number,
): number | undefined {
  if (bun === undefined || !isWorker) return undefined;
  // The primary, which is this program, wrote it.
  const ports = JSON.parse(process.env[PORTS_VARIABLE] ?? '[]') as readonly InheritedPort[];
  const index = ports.findIndex((own) => own.protocol === protocol && own.host === host && own.port === port);
  if (index < 0) throw new RangeError(`this worker has not inherited ${protocol} ${host} ${port}`);
  return FIRST_INHERITED + index;
}

/** How a TCP server listens on an address: exclusively, or in a worker together with the others. */
export function listenOptions(host: string, port: number): ListenOptions & { readonly fd?: number } {
  const fd = inheritedDescriptor('tcp', host, port);
  if (fd !== undefined) return { fd };
  return { host, port, ipv6Only: isIPv6(host), exclusive: !isWorker, backlog: BACKLOG };
}
