import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { NodeAddress } from '../../src/mainline/dht-node.ts';
import type { KeyPair } from '../../src/pkarr/key-pair.ts';
import type { PublicKey } from '../../src/pkarr/public-key.ts';

/** Debian installs the module for this one, whatever stands first in PATH. */
const PYTHON = '/usr/bin/python3';
/** Milliseconds that it has to end by itself. */
const END_MS = 10_000;
const program = fileURLToPath(new URL('../../../test/interop/libtorrent-nodes.py', import.meta.url));

/** Why libtorrent cannot be asked here, for the `skip` of a test; false when it can. */
export const libtorrentIsMissing: string | false =
  spawnSync(PYTHON, ['-c', 'import libtorrent'], { timeout: 30_000 }).status === 0
    ? false
    : 'python3-libtorrent is not installed';

/** Nodes of libtorrent's DHT in a process of their own; the first of them puts and gets. */
export interface Libtorrent {
  readonly addresses: readonly NodeAddress[];
  /** Signs and puts a value, with the sequence number after the one that the network holds; 1 when there is none. */
  put(key: KeyPair, value: Uint8Array): Promise<{ readonly stored: number; readonly seq: number } | null>;
  /** What the network holds under a key, after the whole lookup; null when it holds nothing. */
  get(key: PublicKey): Promise<{ readonly seq: number; readonly v: string; readonly sig: string } | null>;
  close(): Promise<void>;
}

/** Starts nodes that join the network of `bootstrap`; without it they know nobody, not even each other. */
export async function startLibtorrent(options: {
  readonly nodes: number;
  readonly bootstrap?: NodeAddress;
}): Promise<Libtorrent> {
  const { nodes, bootstrap } = options;
  const args = [String(nodes), ...(bootstrap === undefined ? [] : [String(bootstrap.port)])];
  const child = spawn(PYTHON, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const closed = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const line = await lines.next();
    if (line.done) throw new Error('The process of libtorrent ended.');
    return JSON.parse(line.value);
  };
  const ask = (command: Readonly<Record<string, string>>) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    return nextLine();
  };
  const close = async () => {
    child.stdin.end();
    // Its sessions say good-bye to the network when they end, and are not to be waited for if that takes long.
    const timer = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await closed;
    clearTimeout(timer);
  };
  const { ports } = (await nextLine()) as { readonly ports: readonly number[] };
  return {
    addresses: ports.map((port) => ({ host: '127.0.0.1', port })),
    put: (key, value) =>
      ask({ op: 'put', seed: hex(key.exportSeed()), key: hex(key.publicKey.toBytes()), v: hex(value) }),
    get: (key) => ask({ op: 'get', key: hex(key.toBytes()) }),
    close,
  };
}

/** Octets in hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
