import { createHash, randomBytes } from 'node:crypto';
import bencode from 'bencode';
import {
  compact,
  type PlainArguments,
  type PlainQuery,
  type ScriptedNode,
  startScriptedNode,
} from './scripted-node.ts';

/** A network of nodes that read what Rust mainline 7 reads and say what it says. They all know each other. */
export interface RustLikeNetwork {
  readonly nodes: readonly ScriptedNode[];
  /** Sequence numbers held, node by node. */
  held(): readonly (bigint | undefined)[];
  close(): Promise<void>;
}

/** Starts `count` such nodes. */
export async function startRustLikeNetwork(count: number): Promise<RustLikeNetwork> {
  const nodes: ScriptedNode[] = [];
  const stores = Array.from({ length: count }, () => new Map<string, PlainArguments>());
  for (const store of stores) nodes.push(await startScriptedNode((query) => answer(query, nodes, store)));
  return {
    nodes,
    held: () =>
      stores.map((store) => {
        const [item] = store.values();
        return typeof item?.seq === 'number' ? BigInt(item.seq) : undefined;
      }),
    close: async () => {
      await Promise.all(nodes.map((node) => node.close()));
    },
  };
}

/** What its serde structures demand of a query; whatever does not fit is not answered at all. */
function answer(
  query: PlainQuery,
  nodes: readonly ScriptedNode[],
  store: Map<string, PlainArguments>,
): Uint8Array | undefined {
  const { t, q, a } = query;
  if (t.length !== 4 || !isBytes(a.id, 20)) return undefined;
  const self = nodes.find(({ queries }) => queries.includes(query));
  if (self === undefined) return undefined;
  const say = (r: object) =>
    bencode.encode({
      t,
      y: 'r',
      v: Buffer.from('RS\0\x05'),
      ro: 0,
      ip: compactIp(query),
      r: { id: self.id, ...r },
    });
  const refuse = (code: number, text: string) => bencode.encode({ t, y: 'e', e: [code, text] });
  if (q === 'ping') return say({});
  const { target } = a;
  if (!isBytes(target, 20)) return undefined;
  const closest = compact(
    [...nodes].sort((one, other) => Buffer.compare(xor(one.id, target), xor(other.id, target))).slice(0, 20),
  );
  const token = tokenFor(query, self);
  if (q === 'find_node') return say({ nodes: closest });
  const held = store.get(target.toString('hex'));
  if (q === 'get') {
    if (held === undefined) return say({ token, nodes: closest });
    const { seq, k, sig, v } = held;
    if (typeof a.seq === 'number' && typeof seq === 'number' && seq <= a.seq) {
      return say({ token, nodes: closest, seq });
    }
    return say({ token, nodes: closest, k, seq, sig, v });
  }
  if (q !== 'put' || !isBytes(a.k, 32) || !isBytes(a.sig, 64) || !isBytes(a.token)) return undefined;
  if (!isBytes(a.v) || typeof a.seq !== 'number') return undefined;
  if (!a.token.equals(token)) return refuse(203, 'Bad token');
  if (a.v.length > 1000) return refuse(205, 'Message (v field) too big.');
  if (held !== undefined && typeof a.cas === 'number' && held.seq !== a.cas)
    return refuse(301, 'CAS mismatched');
  if (typeof held?.seq === 'number' && a.seq < held.seq)
    return refuse(302, 'Sequence number less than current');
  store.set(createHash('sha1').update(a.k).digest('hex'), { ...a });
  return say({});
}

function tokenFor(query: PlainQuery, self: ScriptedNode): Buffer {
  return createHash('sha1').update(secret).update(self.id).update(query.from.host).digest().subarray(0, 4);
}

const secret = randomBytes(8);

function compactIp({ from }: PlainQuery): Buffer {
  return compact([{ id: new Uint8Array(0), ...from }]);
}

function isBytes(value: unknown, length?: number): value is Buffer {
  return Buffer.isBuffer(value) && (length === undefined || value.length === length);
}

function xor(one: Buffer, other: Buffer): Buffer {
  return Buffer.from(one.map((byte, at) => byte ^ (other[at] ?? 0)));
}
