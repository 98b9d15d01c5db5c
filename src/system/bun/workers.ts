import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { isIPv6 } from 'node:net';
import { workerOf } from '../worker-line.ts';
import { CHANNELS, type InheritedPort, PORTS_VARIABLE } from '../worker-ports.ts';
import type { WorkerProcesses } from '../worker-process.ts';
import { WORKER_ROLE } from '../worker-role.ts';
import { BUN_IPV6_ONLY, type BunApi } from './api.ts';
import { loadLibc } from './libc.ts';

/** Where the files of a one-file binary are, as Bun shows them. */
const INSIDE_BINARY = '/$bunfs/';

/**
 * Workers on Bun are children that inherit the descriptors of the ports, which the primary has bound before: Bun's
 * sockets know nothing of its `cluster`, but each can be made of a descriptor. `file` is what they run; of a one-file
 * binary nothing but the whole can be run, whose entry looks which role it has.
 */
export function bunWorkers(bun: BunApi, file: string): WorkerProcesses {
  const words = file.startsWith(INSIDE_BINARY) ? [] : [...process.execArgv, file];
  const held = new Set<InheritedPort & { readonly descriptor: number }>();
  return {
    isHeldForRunning: false,
    async hold(protocol, host, port, given) {
      const open = protocol === 'udp' ? openUdp : openTcp;
      const { descriptor, port: taken } =
        given === undefined ? await open(bun, host, port) : { descriptor: given, port };
      const entry = { protocol, host, port: taken, descriptor };
      held.add(entry);
      return {
        port: taken,
        async stop() {
          if (held.delete(entry)) closeSync(descriptor);
        },
      };
    },
    spawn() {
      const ports = [...held];
      const names = ports.map(({ protocol, host, port }): InheritedPort => ({ protocol, host, port }));
      const child = spawn(process.execPath, words, {
        env: { ...process.env, ...WORKER_ROLE, [PORTS_VARIABLE]: JSON.stringify(names) },
        serialization: 'advanced',
        stdio: [...CHANNELS, ...ports.map(({ descriptor }) => descriptor)],
      });
      return workerOf(child);
    },
  };
}

/** A descriptor that this process does not read from. */
interface Bound {
  readonly descriptor: number;
  readonly port: number;
}

type Open = (bun: BunApi, host: string, port: number) => Promise<Bound>;

/*
 * Bun opens no socket that it does not read from. So it is closed as soon as another descriptor of the same is there,
 * and what came to it in between is lost: nobody was told yet that somebody listens.
 */

const openUdp: Open = async (bun, host, port) => {
  const socket = await bun.udpSocket({
    hostname: host,
    port,
    flags: isIPv6(host) ? BUN_IPV6_ONLY : 0,
    socket: { data() {}, error() {} },
  });
  try {
    return { descriptor: await duplicate(socket.fd), port: socket.port };
  } finally {
    socket.close();
  }
};

const openTcp: Open = async (bun, host, port) => {
  const listener = bun.listen({
    hostname: host,
    port,
    ipv6Only: isIPv6(host),
    socket: { data() {} },
  });
  try {
    return { descriptor: await duplicate(listener.fd), port: listener.port };
  } finally {
    listener.stop(true);
  }
};

async function duplicate(descriptor: number): Promise<number> {
  const copy = (await loadLibc())?.dup(descriptor) ?? -1;
  if (copy >= 0) return copy;
  throw new Error('no descriptor of a port can be had that several processes share; set workers to 1');
}
