import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenWithInherited } from '../../src/app/inherited-listen.ts';
import { parseListenAddress } from '../../src/config/listen-address.ts';

const at = (...texts: readonly string[]) =>
  texts.map((text) => parseListenAddress(text, 53) ?? assert.fail(text));

test('the default listens where the socket unit says, and nowhere else', () => {
  assert.deepEqual(listenWithInherited('default', []), { listen: 'default', unnamed: [] });
  const own = at('127.0.0.1', '::1', '192.168.1.2');
  assert.deepEqual(listenWithInherited('default', [...own, ...own]), {
    listen: own,
    unnamed: at('192.168.1.2'),
  });
});

test('addresses of the setting and of the sockets are listened on, each once, and what only the sockets name is told', () => {
  assert.deepEqual(
    listenWithInherited(at('127.0.0.1', '10.0.0.1', '[0:0::1]:53'), at('127.0.0.1', '::1', '127.0.0.1:5300')),
    { listen: at('10.0.0.1', '127.0.0.1', '::1', '127.0.0.1:5300'), unnamed: at('127.0.0.1:5300') },
  );
});

test('a wildcard of the setting names every socket of its family and port', () => {
  assert.deepEqual(listenWithInherited(at('0.0.0.0'), at('192.168.1.2', '::1')), {
    listen: at('0.0.0.0', '192.168.1.2', '::1'),
    unnamed: at('::1'),
  });
});

test('beside a socket for all addresses of a family, none of them is bound', () => {
  assert.deepEqual(listenWithInherited(at('127.0.0.1', '127.0.0.1:5300', '::1'), at('0.0.0.0')), {
    listen: at('127.0.0.1:5300', '::1', '0.0.0.0'),
    unnamed: at('0.0.0.0'),
  });
});
