import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LookupError } from '../../src/gateway/lookups.ts';
import { testKey } from '../support/packets.ts';
import { KnownPackets } from './known-packets.ts';

test('a failed lookup tells of which kind it is', async () => {
  const lookups = new KnownPackets();
  assert.equal(await lookups.packet(testKey(1).publicKey), undefined);
  lookups.fail('offline');
  await assert.rejects(
    lookups.packet(testKey(1).publicKey),
    (error) => error instanceof LookupError && error.kind === 'offline',
  );
});
