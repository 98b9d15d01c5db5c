import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { signedBytes } from '../../src/bep44/mutable-item.ts';
import { targetOf } from '../../src/bep44/target.ts';
import { VerifiedItem } from '../../src/bep44/verified-item.ts';
import { newAuthor } from '../mainline/support/items.ts';

test('target, signed bytes and signature are those of test 1 of BEP 44', () => {
  const key = Buffer.from('77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548', 'hex');
  const signature = Buffer.from(
    '305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01',
    'hex',
  );
  const value = Buffer.from('Hello World!');
  assert.equal(targetOf(key).toString('hex'), '4a533d47ec9c7d95b1ad75f576cffc641853b750');
  assert.equal(Buffer.from(signedBytes(1n, value)).toString(), '3:seqi1e1:v12:Hello World!');
  const item = VerifiedItem.verifierOf(key)({ seq: 1n, signature, value });
  assert.deepEqual(
    [item?.key, item?.seq, item?.signature, item?.value],
    [new Uint8Array(key), 1n, new Uint8Array(signature), new Uint8Array(value)],
  );
});

test('what breaks a bound of BEP 44 or is signed otherwise is no item', () => {
  const author = newAuthor();
  const verify = VerifiedItem.verifierOf(author.key);
  const signed = author.sign(1n, 'x');
  assert.ok(verify(signed) !== undefined);
  assert.ok(verify(author.sign(2n ** 63n - 1n, Buffer.alloc(1000))) !== undefined);
  for (const claimed of [
    { ...signed, signature: signed.signature.subarray(1) },
    { ...signed, seq: 2n },
    { ...signed, value: Buffer.from('y') },
    author.sign(-1n, 'x'),
    author.sign(2n ** 63n, 'x'),
    author.sign(1n, Buffer.alloc(1001)),
    newAuthor().sign(1n, 'x'),
  ]) {
    assert.equal(verify(claimed), undefined);
  }
  assert.equal(VerifiedItem.verifierOf(author.key.subarray(1))(signed), undefined, 'a key of 31 bytes');
});

test('an item does not change with the bytes that it was made of', () => {
  const author = newAuthor();
  const { seq, signature, value } = author.sign(1n, 'signed');
  const item = VerifiedItem.verifierOf(author.key)({ seq, signature, value });
  for (const bytes of [author.key, signature, value]) bytes.fill(0);
  assert.equal(Buffer.from(item?.value ?? []).toString(), 'signed');
  assert.ok(item !== undefined && VerifiedItem.verifierOf(item.key)(item) !== undefined);
});

test('an object of the same shape is no verified item, and a verified one is none behind a port', () => {
  const { port1, port2 } = new MessageChannel();
  const item = newAuthor().item(1n, 'x');
  assert.ok(VerifiedItem.isVerified(item));
  assert.ok(!VerifiedItem.isVerified({ ...item }));
  port1.postMessage(item);
  const { message } = receiveMessageOnPort(port2) ?? assert.fail();
  port1.close();
  assert.ok(!VerifiedItem.isVerified(message));
  assert.deepEqual(VerifiedItem.fromOwnThread(message), item);
});

test('only the two ends of a thread that we started take an item as verified without verifying it', () => {
  const source = fileURLToPath(new URL('../../../src/', import.meta.url));
  const callers = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && /\.fromOwnThread\b/.test(readFileSync(join(source, file), 'utf8')),
  );
  assert.deepEqual(callers.sort(), [
    'bep44/verified-item.ts',
    'mainline/thread/proxy.ts',
    'mainline/thread/serve-node.ts',
  ]);
});
