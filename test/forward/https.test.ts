import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { constants } from 'node:http2';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Rcode } from '../../src/dns/codes.ts';
import { decodeMessage } from '../../src/dns/message.ts';
import { ForwardError } from '../../src/forward/errors.ts';
import type { Forwarder } from '../../src/forward/forwarder.ts';
import { TlsAuthorities } from '../../src/forward/tls/authorities.ts';
import { bun } from '../../src/system/bun/api.ts';
import { type HttpsQueryReceived, startHttpsServer, startTlsServer } from '../support/encrypted-upstream.ts';
import { MovableClock } from '../support/movable-clock.ts';
import { altered, reply, replyA, replyTruncated } from '../support/scripted-upstream.ts';
import { certificateForTests } from '../support/test-certificate.ts';
import { addresses, ask, setUpForwarder } from './support.ts';

const { authority, certificate } = await certificateForTests();

/** With a clock that stands still nothing is ever late, however busy the machine is. */
function forwarderTo(port: number, clock?: MovableClock): Forwarder & Disposable {
  const authorities = TlsAuthorities.parse(authority.pem);
  return setUpForwarder({
    upstreams: [`https://dns.example:${port}/dns-query@127.0.0.1`],
    authorities,
    ...(clock && { clock }),
  });
}

test('a query over HTTPS is a POST of a padded message with id 0 that says no more than it must', async () => {
  await using server = await startHttpsServer(certificate, (query) => query.send(replyA(query)));
  using forwarder = forwarderTo(server.port);
  assert.deepEqual(addresses(await ask(forwarder, 'x.example')), ['192.0.2.1']);
  const [query] = server.received;
  assert.deepEqual(Object.fromEntries(Object.entries(query?.headers ?? {})), {
    ':method': 'POST',
    ':scheme': 'https',
    ':authority': `dns.example:${server.port}`,
    ':path': '/dns-query',
    accept: 'application/dns-message',
    'content-type': 'application/dns-message',
    'content-length': '128',
  });
  assert.equal(query?.message.id, 0);
  assert.equal(query?.bytes.length, 128);
  assert.equal(server.connections[0]?.servername, 'dns.example');
});

test('a thousand queries in flight in one session are answered in any order, however few the server takes at once', {
  timeout: 60_000,
}, async () => {
  for (const maxConcurrentStreams of [1000, 100]) {
    let waiting: (() => void)[] = [];
    const script = (query: HttpsQueryReceived): void => {
      if (query.name === 'first.example') {
        query.send(replyA(query));
        return;
      }
      const number = Number(/\d+/.exec(query.name)?.[0]);
      waiting.push(() => query.send(replyA(query, `192.0.${number >> 8}.${number & 255}`)));
      if (waiting.length < maxConcurrentStreams) return;
      for (const answer of waiting.reverse()) answer();
      waiting = [];
    };
    await using server = await startHttpsServer(certificate, script, { maxConcurrentStreams });
    using forwarder = forwarderTo(server.port, new MovableClock());
    await ask(forwarder, 'first.example');
    const numbers = Array.from({ length: 1000 }, (_, i) => i);
    const replies = await Promise.all(numbers.map((i) => ask(forwarder, `n${i}.example`)));
    assert.deepEqual(
      replies.map((one) => addresses(one)[0]),
      numbers.map((i) => `192.0.${i >> 8}.${i & 255}`),
    );
    assert.equal(server.connections.length, 1);
  }
});

const closings: Record<string, (query: HttpsQueryReceived) => unknown> = {
  'GOAWAY and the end': (query) => {
    query.session.close();
    query.send(replyA(query));
  },
  'GOAWAY with an error': ({ session }) => session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM),
  'the end of the connection': ({ drop }) => setTimeout(drop, 5),
  // Not while `node:http2` reads what else came: it aborts Node 22 then, by an assertion of its own.
  'a reset of the connection': ({ session }) => setTimeout(() => session.destroy(), 0),
  'a reset of the stream': ({ stream }) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  'a refusal of the stream': ({ stream }) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
};
for (const [what, close] of Object.entries(closings)) {
  test(`a server that answers with ${what} now and then loses no query`, { timeout: 60_000 }, async () => {
    let count = 0;
    await using server = await startHttpsServer(certificate, (query) => {
      count += 1;
      // An error of the session takes the replies with it that are just being read: once is enough.
      if (count % 40 === 0 && (count === 40 || !what.includes('error'))) close(query);
      else query.send(replyA(query));
    });
    using forwarder = forwarderTo(server.port, new MovableClock());
    const asked: Promise<unknown>[] = [];
    for (let i = 0; i < 500; i++) {
      asked.push(ask(forwarder, `n${i}.example`));
      if (i % 10 === 0) await setImmediate();
    }
    assert.equal((await Promise.all(asked)).length, 500);
    assert.ok(server.received.length > 500 || server.connections.length > 1);
  });
}

test('a server that refuses POST requests that come together is asked with GET', {
  timeout: 60_000,
  // Its client understands such a server: only the one of this test cannot be played.
  skip: bun !== undefined && 'an HTTP/2 server on Bun does not send the code REFUSED_STREAM',
}, async () => {
  await using server = await startHttpsServer(certificate, (query) => {
    if (query.headers[':method'] === 'POST') query.stream.close(constants.NGHTTP2_REFUSED_STREAM);
    else query.send(replyA(query));
  });
  using forwarder = forwarderTo(server.port, new MovableClock());
  const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => ask(forwarder, `n${i}.example`)));
  for (const answer of answers) assert.deepEqual(addresses(answer), ['192.0.2.1']);
  assert.match(String(server.received.at(-1)?.headers[':path']), /^\/dns-query\?dns=AAAB[\w-]{167}$/);
  assert.equal(server.received.at(-1)?.bytes.length, 128);
  assert.deepEqual(forwarder.status().upstreams[0]?.quirks, ['refuses concurrent POST requests']);
  assert.equal(server.connections.length, 1);
});

test('a server that closes every session without an answer is a failure after a few', async () => {
  await using server = await startHttpsServer(certificate, ({ session }) => session.destroy());
  using forwarder = forwarderTo(server.port);
  await assert.rejects(ask(forwarder, 'x.example'), ForwardError);
  assert.equal(server.connections.length, 3);
});

test('a session after the first resumes TLS', async () => {
  await using server = await startHttpsServer(certificate, (query) => query.send(replyA(query)));
  using forwarder = forwarderTo(server.port);
  for (let i = 0; i < 3; i++) {
    await ask(forwarder, `n${i}.example`);
    server.drop();
    await setImmediate();
  }
  const resumed = server.connections.map((connection) => connection.resumed);
  assert.deepEqual(resumed, [false, true, true]);
});

const refusals: readonly { what: string; script: (query: HttpsQueryReceived) => void; says: RegExp }[] = [
  ...[301, 400, 404, 429, 500, 503].map((status) => ({
    what: `HTTP status ${status}`,
    script: (query: HttpsQueryReceived) => query.send(replyA(query), { ':status': status }),
    says: new RegExp(`answered with HTTP status ${status}`),
  })),
  {
    what: 'a page',
    script: (query) => query.send(Buffer.from('<html>'), { 'content-type': 'text/html' }),
    says: /answered with content of type text\/html, not application\/dns-message/,
  },
  {
    what: 'a type that begins alike',
    script: (query) => query.send(replyA(query), { 'content-type': 'application/dns-message-x' }),
    says: /not application\/dns-message/,
  },
  {
    what: 'more than 65535 octets',
    script: (query) => query.send(Buffer.alloc(65_536)),
    says: /sent more than 65535 octets/,
  },
  {
    what: 'the promise of more than 65535 octets',
    script: ({ stream }) => {
      const type = { 'content-type': 'application/dns-message' };
      stream.respond({ ':status': 200, ...type, 'content-length': 1e9 });
    },
    says: /sends 1000000000 octets/,
  },
  {
    what: 'nothing',
    script: (query) => query.send(Buffer.alloc(0)),
    says: /answered another question/,
  },
  {
    what: 'another question',
    script: (query) => query.send(altered(replyA(query), (bytes) => bytes.writeUInt8(0x21, 13))),
    says: /answered another question/,
  },
  {
    what: 'another id',
    script: (query) => query.send(altered(replyA(query), (bytes) => bytes.writeUInt16BE(1, 0))),
    says: /answered another question/,
  },
  {
    what: 'lying counts',
    script: (query) => query.send(altered(replyA(query), (bytes) => bytes.writeUInt16BE(7, 6))),
    says: /malformed reply/,
  },
  {
    what: 'a truncated reply',
    script: (query) => query.send(replyTruncated(query)),
    says: /truncated reply/,
  },
];
for (const { what, script, says } of refusals) {
  test(`${what} instead of a reply is a failure that says so, and the session goes on`, async () => {
    await using server = await startHttpsServer(certificate, (query) => {
      if (query.name.startsWith('good')) query.send(replyA(query));
      else script(query);
    });
    using forwarder = forwarderTo(server.port);
    await assert.rejects(ask(forwarder, 'bad.example'), (error) => {
      assert.ok(error instanceof ForwardError);
      assert.equal(error.kind, 'malformed-replies');
      assert.match(error.message, says);
      return true;
    });
    assert.deepEqual(addresses(await ask(forwarder, 'good.example')), ['192.0.2.1']);
    assert.equal(server.connections.length, 1);
  });
}

test('the largest reply there can be is taken whole', async () => {
  await using server = await startHttpsServer(certificate, (query) => {
    const rdata = new Uint8Array(65_535 - replyA(query).length + 4 - 11);
    const record = { name: query.question.name, type: 65_280, class: 1, ttl: 1, rdata };
    const small = reply(query, { edns: null, answers: [{ ...record, rdata: new Uint8Array() }] }).length;
    const answers = [{ ...record, rdata: new Uint8Array(65_535 - small) }];
    query.send(reply(query, { edns: null, answers }), { 'content-type': 'Application/DNS-Message; x=y' });
  });
  using forwarder = forwarderTo(server.port);
  assert.equal((await ask(forwarder, 'x.example')).bytes.length, 65_535);
});

test('the time that a reply spent in caches of HTTP is taken off its TTLs', async () => {
  await using server = await startHttpsServer(certificate, (query) => {
    query.send(replyA(query, '192.0.2.1', 300), { age: query.name.startsWith('old') ? '1000' : '100' });
  });
  using forwarder = forwarderTo(server.port);
  const young = await ask(forwarder, 'x.example');
  assert.equal(young.layout.minimumTtl, 200);
  assert.equal(decodeMessage(young.bytes).answers[0]?.ttl, 200);
  assert.equal((await ask(forwarder, 'old.example')).layout.minimumTtl, 0);
});

for (const protocols of [undefined, ['http/1.1']]) {
  test(`a server that speaks ${protocols?.join() ?? 'no protocol that we know'} is a failure that says so`, async () => {
    await using server = await startTlsServer(certificate, () => {}, { protocols });
    using forwarder = forwarderTo(server.port);
    await assert.rejects(ask(forwarder, 'x.example'), /does not support HTTP\/2, perhaps only HTTP\/1\.1/);
  });
}

test('a server that does not support EDNS is asked again without', async () => {
  await using server = await startHttpsServer(certificate, (query) => {
    if (query.message.edns === undefined) query.send(replyA(query));
    else query.send(reply(query, { rcode: Rcode.FORMERR, edns: null }));
  });
  using forwarder = forwarderTo(server.port);
  assert.deepEqual(addresses(await ask(forwarder, 'x.example')), ['192.0.2.1']);
  assert.deepEqual(forwarder.status().upstreams[0]?.quirks, ['does not support EDNS']);
});

test('what waits when the network changes is asked again in a new session', async () => {
  let isSilent = true;
  const arrival = new EventEmitter();
  const came = once(arrival, 'query');
  await using server = await startHttpsServer(certificate, (query) => {
    if (isSilent) arrival.emit('query');
    else query.send(replyA(query));
  });
  using forwarder = forwarderTo(server.port);
  const asked = ask(forwarder, 'x.example');
  await came;
  isSilent = false;
  forwarder.networkChanged();
  assert.deepEqual(addresses(await asked), ['192.0.2.1']);
  assert.equal(server.connections.length, 2);
});
