import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from '../../src/ip/loopback.ts';

test('loopback is what only this machine reaches, and not the addresses that mean all', () => {
  for (const address of ['127.0.0.1', '127.255.0.9', '::1', '0:0::1', '::ffff:127.0.0.1'])
    assert.ok(isLoopback(address), address);
  const others = [
    '0.0.0.0',
    '0.0.0.1',
    '::',
    '::ffff:0.0.0.0',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '192.168.0.1',
  ];
  for (const address of [...others, '2002:7f00:1::', 'localhost', ''])
    assert.ok(!isLoopback(address), address);
});
