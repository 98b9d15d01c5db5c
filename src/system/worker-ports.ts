import { BoundSockets } from './activation/bound-sockets.ts';
import { isWorker } from './worker-role.ts';

/** A port that a worker inherits from the primary. */
export interface InheritedPort {
  readonly protocol: 'udp' | 'tcp';
  readonly host: string;
  readonly port: number;
}

/** The environment variable that lists the ports, in the order of their descriptors, as JSON. */
export const PORTS_VARIABLE = 'PKARRD_PORTS';

/** The first inherited descriptor: after standard input, output, error, and the channel to the primary. */
export const FIRST_INHERITED = 4;

/** The channels of a worker, as `spawn` takes them. */
export const CHANNELS = ['ignore', 'inherit', 'inherit', 'ipc'] as const satisfies {
  readonly length: typeof FIRST_INHERITED;
};

/** The ports that this worker was given. On Node those that the primary was given itself, on Bun all. */
export function portsOfWorker(): BoundSockets {
  if (!isWorker) throw new RangeError('this process is no worker');
  // The primary, which is this program, wrote it.
  const ports = JSON.parse(process.env[PORTS_VARIABLE] ?? '[]') as readonly InheritedPort[];
  return new BoundSockets(ports.map((port, index) => ({ ...port, descriptor: FIRST_INHERITED + index })));
}
