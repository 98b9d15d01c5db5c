import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { makeKeyCertificate } from '../../../src/certificate/key-certificate.ts';
import { secretPem } from '../../../src/pkarr/key-pem.ts';
import { testKey } from '../../support/packets.ts';
import { TestAuthority } from '../../support/test-certificate.ts';
import { GatewayScene } from '../gateway-scene.ts';
import type { Answer } from '../key-site.ts';

const [key, other] = [testKey(1), testKey(2)];

/** A server of octets that counts its connections. */
async function octetServer(
  onConnection: (socket: Socket) => void,
): Promise<{ readonly port: number; readonly connections: () => number } & AsyncDisposable> {
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => sockets.length,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

async function failureOf(answer: Promise<Answer>): Promise<readonly [number, unknown]> {
  const { status, headers } = await answer;
  return [status, headers['pkarrd-failure']];
}

test('by default no packet, hint, alias or ordinary name leads to this machine or its network: nobody is connected to', async () => {
  await using server = await octetServer((socket) => socket.destroy());
  await using scene = await GatewayScene.open({
    isPrivateAllowed: () => false,
    ports: { http: server.port, https: server.port },
  });
  scene.lookups.name('inside.example', '127.0.0.1', '::1');
  scene.publish(other, '@ A 127.0.0.1');
  for (const zone of [
    '@ A 127.0.0.1',
    '@ AAAA ::1',
    '@ AAAA ::ffff:127.0.0.1',
    '@ A 0.0.0.0',
    '@ AAAA ::',
    '@ HTTPS 1 .\n@ A 127.0.0.1',
    '@ HTTPS 1 . ipv4hint=127.0.0.1',
    '@ HTTPS 1 . ipv6hint=::1',
    `@ CNAME ${other.publicKey}.`,
    `@ HTTPS 0 ${other.publicKey}.`,
    `@ HTTPS 1 ${other.publicKey}.`,
    '@ CNAME inside.example.',
    '@ HTTPS 1 inside.example.',
    '@ NS inside.example.',
  ]) {
    scene.publish(key, zone);
    const expected = zone.includes(' NS ') ? [404, 'no-address'] : [403, 'address-refused'];
    assert.deepEqual(await failureOf(scene.get(scene.host(key))), expected, zone);
  }
  assert.equal(server.connections(), 0);
});

test('only the keys of gateway-private are exempt', async () => {
  await using scene = await GatewayScene.open({ isPrivateAllowed: (one) => one.equals(key.publicKey) });
  const port = await scene.site(key, (_, response) => response.end('mine'));
  scene.publish(key, `@ HTTPS 1 . port=${port}\n@ A 127.0.0.1`);
  scene.publish(other, `@ CNAME ${key.publicKey}.`);
  assert.equal((await scene.get(scene.host(key))).body, 'mine');
  assert.deepEqual(await failureOf(scene.get(scene.host(other))), [403, 'address-refused']);
});

test('an address that no machine has is told as that, since no setting helps', async () => {
  for (const isPrivateAllowed of [() => true, () => false]) {
    await using scene = await GatewayScene.open({ isPrivateAllowed });
    for (const zone of ['@ A 192.0.2.1', '@ AAAA 2001:db8::80', '@ A 224.0.0.1']) {
      scene.publish(key, zone);
      assert.deepEqual(await failureOf(scene.get(scene.host(key))), [502, 'no-host'], zone);
    }
  }
});

test('a key that is exempt no more is refused over a connection that stands too', async () => {
  let isExempt = true;
  await using scene = await GatewayScene.open({ isPrivateAllowed: () => isExempt });
  const port = await scene.site(key, (_, response) => response.end('mine'));
  scene.publish(key, `@ HTTPS 1 . port=${port}\n@ A 127.0.0.1`);
  assert.equal((await scene.get(scene.host(key))).body, 'mine');
  isExempt = false;
  assert.deepEqual(await failureOf(scene.get(scene.host(key))), [403, 'address-refused']);
});

test('a port of another kind of service is refused, whichever key it is', async () => {
  await using scene = await GatewayScene.open();
  scene.publish(key, '@ HTTPS 1 . port=25\n@ A 127.0.0.1');
  assert.deepEqual(await failureOf(scene.get(scene.host(key))), [403, 'port-refused']);
});

test('a server that speaks no TLS 1.3, or no TLS, or closes, each has its own failure', async () => {
  const old = createTlsServer({ cert: makeKeyCertificate(key), key: secretPem(key), maxVersion: 'TLSv1.2' });
  old.listen(0, '127.0.0.1');
  await once(old, 'listening');
  // RFC 8446 §6: a fatal alert, of which 43 is unsupported_certificate and 40 handshake_failure.
  const alert = (code: number) => (socket: Socket) => {
    socket.once('data', () => socket.end(Buffer.from([21, 3, 3, 0, 2, 2, code])));
  };
  await using clear = await octetServer((socket) => socket.write('220 ready\r\n'));
  await using closing = await octetServer((socket) => socket.once('data', () => socket.destroy()));
  await using raw = await octetServer(alert(43));
  await using refusing = await octetServer(alert(40));
  await using silent = await octetServer(() => {});
  await using scene = await GatewayScene.open({ limits: { connectMs: 300 } });
  for (const [port, expected] of [
    [(old.address() as AddressInfo).port, [502, 'tls-version']],
    [clear.port, [502, 'tls']],
    [closing.port, [502, 'tls']],
    [raw.port, [502, 'raw-key']],
    [refusing.port, [502, 'tls-refused']],
    [silent.port, [504, 'silent']],
    [9, [403, 'port-refused']],
  ] as const) {
    scene.publish(key, `@ HTTPS 1 . port=${port}\n@ A 127.0.0.1`);
    assert.deepEqual(await failureOf(scene.get(scene.host(key))), expected);
  }
  old.close();
});

test('a certificate of a known authority is worth nothing without the key', async () => {
  await using authority = await TestAuthority.create();
  const { cert, key: secret } = await authority.issue({ names: `DNS:${key.publicKey}` });
  let requests = 0;
  const server = createTlsServer({ cert, key: secret }, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      requests += 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await using scene = await GatewayScene.open();
  scene.publish(key, `@ HTTPS 1 . port=${(server.address() as AddressInfo).port}\n@ A 127.0.0.1`);
  assert.deepEqual(await failureOf(scene.get(scene.host(key))), [502, 'wrong-key']);
  assert.equal(requests, 0);
  server.close();
});

test('the next address is tried beside a silent one, and the next record after one that failed', async () => {
  await using silent = await octetServer(() => {});
  await using scene = await GatewayScene.open({ limits: { staggerMs: 20 } });
  const port = await scene.site(key, (_, response) => response.end('reached'));
  const wrong = await scene.site(other, (_, response) => response.end('wrong'));
  scene.publish(key, `@ HTTPS 1 . port=${wrong}\n@ HTTPS 2 . port=${port}\n@ A 127.0.0.1`);
  assert.equal((await scene.get(scene.host(key))).body, 'reached');
  await using patient = await GatewayScene.open({ limits: { connectMs: 200 } });
  patient.publish(key, `@ HTTPS 1 . port=${silent.port}\n@ HTTPS 2 . port=${port}\n@ A 127.0.0.1`);
  assert.equal((await patient.get(patient.host(key))).body, 'reached');
  scene.publish(key, `@ HTTPS 1 . port=${port}\n@ A 127.1.1.1\n@ A 127.0.0.1`);
  assert.equal((await scene.get(scene.host(key))).body, 'reached');
});

test('that nobody listens is told as such', async () => {
  await using scene = await GatewayScene.open();
  const { port, ...server } = await octetServer(() => {});
  await server[Symbol.asyncDispose]();
  scene.publish(key, `@ HTTPS 1 . port=${port}\n@ A 127.0.0.1`);
  assert.deepEqual(await failureOf(scene.get(scene.host(key))), [502, 'down']);
});

test('SNI is the name of the key, Host the name that was opened, and no session is resumed', async () => {
  const seen: unknown[] = [];
  const server = createTlsServer({ cert: makeKeyCertificate(key), key: secretPem(key) }, (socket) => {
    socket.on('error', () => {});
    socket.once('data', (octets) => {
      const host = /^host: (.*)\r$/im.exec(octets.toString())?.[1];
      const { servername } = socket as { readonly servername?: string };
      seen.push([servername, host, socket.getProtocol(), socket.isSessionReused()]);
      socket.end('HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  await using scene = await GatewayScene.open();
  scene.publish(key, `www HTTPS 1 . port=${(server.address() as AddressInfo).port}\nwww A 127.0.0.1`);
  for (let i = 0; i < 2; i++) assert.equal((await scene.get(scene.host(key, 'www.'))).status, 204);
  const expected = [key.publicKey.text, `www.${key.publicKey}`, 'TLSv1.3', false];
  assert.deepEqual(seen, [expected, expected]);
  server.close();
});
