import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AppStatus } from '../../src/app/status.ts';
import { askProgram } from '../../src/control/client.ts';
import { decodeMessage, encodeMessage, type Message } from '../../src/dns/message.ts';
import { RunningCommand } from './command.ts';
import type { ServerAddress } from './dns-client.ts';

/** `pkarrd serve` with several workers, as processes. */
export interface WorkerScene {
  readonly command: RunningCommand;
  readonly server: ServerAddress;
  /** Sends a command to the control socket. */
  tell(...words: readonly string[]): Promise<unknown>;
  status(): Promise<AppStatus>;
  /** Process ids of the workers that answer. */
  workers(): Promise<readonly number[]>;
  /** Waits until `is` is true of the status, for 20 s at most. */
  until(is: (status: AppStatus) => boolean): Promise<AppStatus>;
  close(): Promise<void>;
}

/** Starts it on a free port, without the machine's configuration, with a state directory of its own. */
export async function startWorkers(count: number, ...words: readonly string[]): Promise<WorkerScene> {
  const stateDir = mkdtempSync(join(tmpdir(), 'pkarrd-workers-'));
  const command = new RunningCommand([
    ...['serve', '--workers', String(count), '--listen', '127.0.0.1:0', '--state-dir', stateDir],
    ...(words.includes('--config') ? [] : ['--config', '/dev/null']),
    ...words,
  ]);
  const port = Number((await command.printed(/Ready\. listen=127\.0\.0\.1:(\d+)/))[1]);
  const tell = async (...told: readonly string[]) => await askProgram([stateDir], told);
  const status = async () => (await tell('status')) as AppStatus;
  return {
    command,
    server: { host: '127.0.0.1', port },
    tell,
    status,
    workers: async () => (await status()).workers?.running.map(({ pid }) => pid) ?? [],
    async until(is) {
      for (const deadline = performance.now() + 20_000; performance.now() < deadline; await sleep(20)) {
        const found = await status();
        if (is(found)) return found;
      }
      throw new Error('It does not become so.');
    },
    async close() {
      if (command.child.exitCode === null && command.child.signalCode === null) await command.stop();
      rmSync(stateDir, { recursive: true });
    },
  };
}

/** A client that sends many queries from one socket and records the replies. */
export interface Flood {
  /** Replies, by the id of the query. */
  readonly replies: ReadonlyMap<number, Message>;
  /** Number of ICMP "port unreachable" errors. */
  readonly refused: number;
  /** Sends one query. */
  send(message: Message): void;
  /** Waits for a number of replies, for a number of milliseconds at most. */
  settle(count: number, milliseconds: number): Promise<void>;
  close(): void;
}

/** Opens such a client. */
export async function openFlood(server: ServerAddress): Promise<Flood> {
  // As much as the system allows: replies to many queries come while this process does not get to run.
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 });
  const replies = new Map<number, Message>();
  let refused = 0;
  socket.on('message', (bytes) => replies.set(bytes.readUInt16BE(0), decodeMessage(bytes)));
  socket.on('error', () => {
    refused++;
  });
  socket.connect(server.port, server.host);
  await once(socket, 'connect');
  return {
    replies,
    get refused() {
      return refused;
    },
    send: (message) => socket.send(encodeMessage(message)),
    async settle(count, milliseconds) {
      const deadline = performance.now() + milliseconds;
      while (replies.size < count && performance.now() < deadline) await sleep(5);
    },
    close: () => socket.close(),
  };
}
