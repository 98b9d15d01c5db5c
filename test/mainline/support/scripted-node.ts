import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import bencode from 'bencode';
import type { NodeAddress } from '../../../src/mainline/dht-node.ts';

/** What a query may carry; nothing is checked. */
export interface PlainArguments {
  readonly id?: unknown;
  readonly target?: unknown;
  readonly token?: unknown;
  readonly k?: unknown;
  readonly sig?: unknown;
  readonly seq?: unknown;
  readonly v?: unknown;
  readonly cas?: unknown;
}

/** A query as the `bencode` package reads it. */
export interface PlainQuery {
  readonly t: Buffer;
  readonly q: string;
  readonly a: PlainArguments;
  readonly ro: unknown;
  readonly from: NodeAddress;
}

/** A node that does exactly what a test says, on a real socket. */
export interface ScriptedNode extends NodeAddress {
  readonly id: Buffer;
  readonly queries: readonly PlainQuery[];
  /** Sends bytes from its port. */
  send(datagram: Uint8Array, to: NodeAddress): void;
  close(): Promise<void>;
}

/**
 * Says what to do with a query: an object is sent back as `r` with the node's id added, bytes are sent as they are, and
 * undefined is silence.
 */
export type Script = (query: PlainQuery, node: ScriptedNode) => object | Uint8Array | undefined;

/** Starts a scripted node on 127.0.0.1. */
export async function startScriptedNode(script: Script, id: Buffer = randomBytes(20)): Promise<ScriptedNode> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const queries: PlainQuery[] = [];
  let open = true;
  const node: ScriptedNode = {
    id,
    host: '127.0.0.1',
    port: socket.address().port,
    queries,
    send: (datagram, to) => {
      if (open) socket.send(datagram, to.port, to.host);
    },
    close: async () => {
      open = false;
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
  socket.on('message', (datagram, from) => {
    const query = readQuery(datagram, { host: from.address, port: from.port });
    if (query === undefined) return;
    queries.push(query);
    const answer = script(query, node);
    if (answer === undefined) return;
    const bytes = answer instanceof Uint8Array ? answer : reply(query, { id, ...answer });
    node.send(bytes, query.from);
  });
  return node;
}

/** The bytes of a reply to `query`. */
export function reply(query: PlainQuery, r: object): Buffer {
  return bencode.encode({ t: query.t, y: 'r', r });
}

/** The compact form of nodes. */
export function compact(nodes: readonly (NodeAddress & { readonly id: Uint8Array })[]): Buffer {
  return Buffer.concat(
    nodes.flatMap(({ id, host, port }) => [
      id,
      Buffer.from([...host.split('.').map(Number), port >> 8, port & 255]),
    ]),
  );
}

/** An id that shares its first `bytes` bytes with `target`. */
export function idNear(target: Uint8Array, bytes: number): Buffer {
  return Buffer.concat([target.subarray(0, bytes), randomBytes(20 - bytes)]);
}

function readQuery(datagram: Buffer, from: NodeAddress): PlainQuery | undefined {
  const message = bencode.decode(datagram);
  if (typeof message !== 'object' || message === null || !('t' in message) || !('q' in message))
    return undefined;
  const { t, q } = message;
  const a = 'a' in message ? message.a : undefined;
  if (!Buffer.isBuffer(t) || !Buffer.isBuffer(q) || typeof a !== 'object' || a === null) return undefined;
  return { t, q: q.toString(), a: { ...a }, ro: 'ro' in message ? message.ro : undefined, from };
}
