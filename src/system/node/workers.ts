import cluster from 'node:cluster';
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, isIPv6 } from 'node:net';
import { workerOf } from '../worker-line.ts';
import { CHANNELS, type InheritedPort, PORTS_VARIABLE } from '../worker-ports.ts';
import type { WorkerProcesses } from '../worker-process.ts';
import { WORKER_ROLE } from '../worker-role.ts';

/**
 * Workers on Node are those of its own `cluster`: the primary binds each socket once, on behalf of the first worker that
 * wants it, and hands the same descriptor to all. `cluster` counts how often a worker asks for an address, and those that
 * asked equally often share a descriptor: so none may try again and again, and the primary finds out before whether an
 * address can be had. A socket that the primary was given itself is not bound: every worker inherits its descriptor. `file`
 * is what they run.
 */
export function nodeWorkers(file: string): WorkerProcesses {
  // Each worker accepts from the one queue when it has time. With round robin, which is the default for TCP, the primary would
  // have to accept and pass on every connection.
  cluster.schedulingPolicy = cluster.SCHED_NONE;
  const given = new Map<number, InheritedPort>();
  return {
    isHeldForRunning: true,
    async hold(protocol, host, port, descriptor) {
      if (descriptor !== undefined) {
        given.set(descriptor, { protocol, host, port });
        return { port, stop: async () => {} };
      }
      const bind = protocol === 'udp' ? tryUdp : tryTcp;
      const taken = port === 0 ? await drawPort((drawn) => bind(host, drawn)) : await bind(host, port);
      return { port: taken, stop: async () => {} };
    },
    spawn() {
      cluster.setupPrimary({
        exec: file,
        args: [],
        serialization: 'advanced',
        stdio: [...CHANNELS, ...given.keys()],
      });
      const worker = cluster.fork({
        ...WORKER_ROLE,
        [PORTS_VARIABLE]: JSON.stringify([...given.values()]),
      });
      // The process emits it too, and is listened to; an 'error' event without a listener is thrown.
      worker.on('error', () => {});
      return workerOf(worker.process);
    },
  };
}

/**
 * Ports that systems do not give to outgoing connections: one that is let go is still free when the first worker binds it,
 * which takes a while. Linux gives those from 32,768 on, others those from 49,152 on (RFC 6335 §6).
 */
const FIRST_DRAWN = 16_384;
const LAST_DRAWN = 32_767;

/** Ports that are drawn before the system is taken to have none. */
const MAX_DRAWS = 64;

/** Any port that can be bound. Rejects with the system's error. */
async function drawPort(bind: (port: number) => Promise<number>): Promise<number> {
  for (let draw = 1; ; draw++) {
    try {
      return await bind(randomInt(FIRST_DRAWN, LAST_DRAWN + 1));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' || draw === MAX_DRAWS) throw error;
    }
  }
}

/** Binds and lets go again. @returns the port. Rejects with the system's error. */
async function tryUdp(host: string, port: number): Promise<number> {
  const socket = createSocket({ type: isIPv6(host) ? 'udp6' : 'udp4', ipv6Only: isIPv6(host) });
  socket.bind({ address: host, port });
  try {
    await once(socket, 'listening');
    return socket.address().port;
  } finally {
    socket.close();
  }
}

/** The same for TCP. */
async function tryTcp(host: string, port: number): Promise<number> {
  const server = createServer((connection) => connection.destroy());
  server.listen({ host, port, ipv6Only: isIPv6(host) });
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
