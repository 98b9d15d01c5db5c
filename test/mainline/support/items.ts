import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import type { MutableItem } from '../../../src/bep44/mutable-item.ts';
import { VerifiedItem } from '../../../src/bep44/verified-item.ts';

/** Somebody with a key pair, who signs as BEP 44 says. What is signed is independent of the code under test. */
export interface Author {
  readonly key: Buffer;
  /** Signed by the author; it may break bounds. */
  sign(seq: bigint, value: string | Uint8Array): MutableItem;
  /** The same, verified. */
  item(seq: bigint, value: string | Uint8Array): VerifiedItem;
}

/** Makes a new author. */
export function newAuthor(): Author {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const key = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  const signed = (seq: bigint, text: string | Uint8Array) => {
    const value = Buffer.from(text);
    const message = Buffer.concat([Buffer.from(`3:seqi${seq}e1:v${value.length}:`), value]);
    return { key, seq, value, signature: sign(null, message, privateKey) };
  };
  const verify = VerifiedItem.verifierOf(key);
  return {
    key,
    sign: signed,
    item: (seq, value) => verify(signed(seq, value)) ?? assert.fail('not an item'),
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
