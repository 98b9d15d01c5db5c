import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';

import { createGateway } from '../../src/gateway/gateway.ts';
import { limits } from '../../src/http/limits.ts';
import { createRoutes } from '../../src/http/routing/routes.ts';
import { httpServer } from '../../src/http/thread/http-server.ts';
import { createLog } from '../../src/observe/log.ts';
import { KnownPackets } from '../gateway/known-packets.ts';
import { testKey } from '../support/packets.ts';

const key = testKey(1).publicKey.text;
const site = `Host: ${key}.localhost\r\n`;
const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';

/** Octets that a site's page can have the browser send, or a program, by what they are; and the status that they come to. */
const requests: Readonly<Record<string, readonly [status: number, octets: string]>> = {
  'a key without records': [404, `GET / HTTP/1.1\r\n${site}\r\n`],
  'a key that is none': [400, `GET / HTTP/1.1\r\nHost: ${'y'.repeat(52)}.localhost\r\n\r\n`],
  'the page of another site': [403, `GET / HTTP/1.1\r\n${site}Sec-Fetch-Site: cross-site\r\n\r\n`],
  'a method that is not passed on': [501, `TRACE / HTTP/1.1\r\n${site}\r\n`],
  'an address that is too long': [431, `GET /?${'a'.repeat(20_000)} HTTP/1.1\r\n${site}\r\n`],
  'cookies that are too long': [431, `GET / HTTP/1.1\r\n${site}Cookie: ${'a'.repeat(23_000)}\r\n\r\n`],
  'too many fields': [431, `GET / HTTP/1.1\r\n${site}${'x: y\r\n'.repeat(limits.headers + 50)}\r\n`],
  'no HTTP': [400, 'x\r\n\r\n'],
  'two lengths of a body': [400, `POST / HTTP/1.1\r\n${site}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`],
  'an expectation of something else': [417, `GET / HTTP/1.1\r\n${site}Expect: wonders\r\n\r\n`],
  'an upgrade without records': [404, `GET / HTTP/1.1\r\n${site}${upgrade}\r\n`],
  'an upgrade of another site': [403, `GET / HTTP/1.1\r\n${site}${upgrade}Origin: http://x.example\r\n\r\n`],
  'an upgrade to something else': [
    501,
    `GET / HTTP/1.1\r\n${site}Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n`,
  ],
  'an upgrade of a name of ours': [404, `GET / HTTP/1.1\r\nHost: localhost\r\n${upgrade}\r\n`],
  'an upgrade of a name of somebody else': [421, `GET / HTTP/1.1\r\nHost: x.example\r\n${upgrade}\r\n`],
  'no host': [400, 'GET / HTTP/1.1\r\n\r\n'],
  'two hosts': [400, `GET / HTTP/1.1\r\n${site}${site}\r\n`],
  'an absolute address': [404, `GET http://${key}.localhost/ HTTP/1.1\r\n${site}\r\n`],
  'an absolute address of TLS': [421, `GET https://${key}.localhost/ HTTP/1.1\r\n${site}\r\n`],
  'nothing of ours': [404, 'GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n'],
};

for (const [what, [status, octets]] of Object.entries(requests)) {
  test(`the ${status} for ${what} says that it does not come from this machine, and has no script`, async () => {
    await using server = await serve();
    const head = await server.ask(octets);
    assert.equal(Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]), status, head);
    const policy = /\r\ncontent-security-policy: (.*)\r\n/i.exec(head)?.[1] ?? '';
    assert.match(policy, /^default-src 'none';.* sandbox; treat-as-public-address$/, head);
    assert.match(head, /\r\nx-content-type-options: nosniff\r\n/i);
  });
}

test('what is not answered is closed without an answer', async () => {
  await using server = await serve();
  assert.equal(await server.ask(`CONNECT ${key}.localhost:80 HTTP/1.1\r\n${site}\r\n`), '');
});

/** The server of the HTTP side, with a gateway that finds no records. */
async function serve() {
  const lookups = new KnownPackets();
  const log = createLog({ level: 'error', journal: false, now: Date.now, write: () => {} });
  const routes = createRoutes({
    sites: createGateway({ lookups, isPrivateAllowed: () => false, ownAddresses: () => [], log }),
    routes: [],
    isOurHost: (host) => host === 'localhost',
    isAllowed: () => true,
    isProxy: () => false,
    onBug: (bug) => assert.fail(String(bug)),
  });
  const http = httpServer(routes, (bug) => assert.fail(String(bug)));
  const server = createServer({ allowHalfOpen: true }, (socket) => http.take(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    /** Sends these octets, and gives the head of what is answered; empty when the connection is closed. */
    async ask(text: string): Promise<string> {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(text);
      let received = '';
      for await (const octets of socket) {
        received += octets;
        if (received.includes('\r\n\r\n')) break;
      }
      socket.destroy();
      return received.slice(0, received.indexOf('\r\n\r\n') + 2);
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      http.finish();
    },
  };
}
