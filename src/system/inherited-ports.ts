import { isIPv6, type ListenOptions } from 'node:net';
import { bun } from './bun/api.ts';
import { isWorker } from './worker-role.ts';

/** A port that a worker on Bun has from the primary. */
export interface InheritedPort {
  readonly protocol: 'udp' | 'tcp';
  readonly host: string;
  readonly port: number;
}

/** The variable of the environment that lists the ports, in the order of their descriptors, as JSON. */
export const PORTS_VARIABLE = 'PKARRD_PORTS';

/** The descriptor of the first: after those of standard input, output, error, and the line to the primary. */
export const FIRST_INHERITED = 4;

/** Connections that may wait until they are accepted, as Node has it. */
const BACKLOG = 511;

/** The descriptor that a worker on Bun has of a port; undefined where sockets are bound in the common way. */
export function inheritedDescriptor(
  protocol: InheritedPort['protocol'],
  host: string,
  port: number,
): number | undefined {
  if (bun === undefined || !isWorker) return undefined;
  // The primary wrote it, which is this program.
  const ports = JSON.parse(process.env[PORTS_VARIABLE] ?? '[]') as readonly InheritedPort[];
  const index = ports.findIndex((own) => own.protocol === protocol && own.host === host && own.port === port);
  if (index < 0) throw new RangeError(`this worker has not inherited ${protocol} ${host} ${port}`);
  return FIRST_INHERITED + index;
}

/** How a TCP server listens at an address: alone, or in a worker together with the others. */
export function listenOptions(host: string, port: number): ListenOptions & { readonly fd?: number } {
  const fd = inheritedDescriptor('tcp', host, port);
  if (fd !== undefined) return { fd };
  return { host, port, ipv6Only: isIPv6(host), exclusive: !isWorker, backlog: BACKLOG };
}
