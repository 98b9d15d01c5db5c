import { generateKeyPairSync, sign } from 'node:crypto';
import type { MutableItem } from '../../../src/mainline/dht-node.ts';

/** Somebody with a key pair, who signs as BEP 44 says. Independent of the code under test. */
export interface Author {
  readonly key: Buffer;
  item(seq: bigint, value: string | Uint8Array): MutableItem;
}

/** Makes a new author. */
export function newAuthor(): Author {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return {
    key,
    item(seq, text) {
      const value = Buffer.from(text);
      const signed = Buffer.concat([Buffer.from(`3:seqi${seq}e1:v${value.length}:`), value]);
      return { key, seq, value, signature: sign(null, signed, privateKey) };
    },
  };
}

/** The fields of a `get` answer that carries `item`. */
export function fieldsOf(item: MutableItem): {
  k: Uint8Array;
  seq: number;
  sig: Uint8Array;
  v: Uint8Array;
} {
  return { k: item.key, seq: Number(item.seq), sig: item.signature, v: item.value };
}

/** A signal that never aborts. */
export function never(): AbortSignal {
  return new AbortController().signal;
}
