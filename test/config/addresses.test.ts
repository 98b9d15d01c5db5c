import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostPortToText, parseHostPort } from '../../src/config/host-port.ts';
import { listenAddressToText, parseListenAddress } from '../../src/config/listen-address.ts';
import { fc } from '../support/property.ts';

const port = fc.integer({ min: 0, max: 65_535 });

test('an address to listen on, written and read, is itself', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), port, (host, number) => {
      const address = { host, port: number };
      assert.deepEqual(parseListenAddress(listenAddressToText(address), 53), address);
    }),
  );
});

test('an address to listen on without a port gets the port that is usual', () => {
  for (const text of ['127.0.0.1', '::1', '[::1]'])
    assert.equal(parseListenAddress(text, 53)?.port, 53, text);
  assert.deepEqual(parseListenAddress('::1', 53), { host: '::1', port: 53 });
});

test('what is no numeric address is none to listen on', () => {
  const texts = ['', 'localhost', 'localhost:53', '*:53', ':53', '127.1', '127.0.0.1:', '127.0.0.1:65536'];
  for (const text of [...texts, '::1:53:x', '[127.0.0.1]:53', '[::1', '127.0.0.1:+53', '127.0.0.1 :53']) {
    assert.equal(parseListenAddress(text, 53), undefined, text);
  }
});

test('a node is an IPv4 address or a host name, and a port', () => {
  for (const text of ['127.0.0.1:6881', 'router.bittorrent.com:6881', 'localhost:1', 'a_b.example.:2']) {
    assert.equal(hostPortToText(parseHostPort(text) ?? { host: '', port: 0 }), text);
  }
  const bad = [
    '',
    'a',
    'a:',
    ':1',
    'a:0',
    'a:65536',
    '1.2.3:1',
    '1.2.3.4.5:1',
    '256.1.1.1:1',
    '[::1]:1',
    '-a:1',
    'a b:1',
  ];
  for (const text of [...bad, `${'a'.repeat(64)}:1`, 'a..b:1'])
    assert.equal(parseHostPort(text), undefined, text);
});
