import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { parseRelayUrl } from '../../src/config/relay-url.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { publishToRelays } from '../../src/publish/relay-sink.ts';
import { createRelayClient, type RelayClient } from '../../src/relay/client.ts';
import type { HostResolver } from '../../src/relay/http.ts';
import { httpDate } from '../../src/relay/http-date.ts';
import { signedPacket, testKey } from '../support/packets.ts';
import { relayCertificate } from './relay-certificate.ts';
import { type RelayRequest, type RelayServer, startRelayServer } from './relay-server.ts';

const key = testKey(1);
const packet = signedPacket(key, 1_700_000_000);
const payload = packet.toRelayPayload();
const never = new AbortController().signal;
const noName: HostResolver = () => assert.fail('An address needs no resolving.');

type Answer = (request: RelayRequest, reply: ServerResponse) => void;

/** A relay that answers as said, a client of it, and time that the test moves. */
async function withRelay(
  answer: Answer,
  use: (scene: {
    readonly client: RelayClient;
    readonly server: RelayServer;
    readonly clock: { now: number; wall: number };
    get(newerThan?: bigint): ReturnType<RelayClient['get']>;
    put(replaces?: bigint): ReturnType<RelayClient['put']>;
  }) => Promise<void>,
  // Only who waits for it to be over wants a short time.
  timeout = 10_000,
): Promise<void> {
  const server = await startRelayServer(answer);
  const clock = { now: 0, wall: Date.UTC(2026, 0, 1) };
  const client = createRelayClient({
    url: parseRelayUrl(`${server.url}/pkarr/`) ?? assert.fail(),
    resolveHost: noName,
    now: () => clock.now,
    nowWall: () => clock.wall,
    getTimeout: timeout,
    putTimeout: timeout,
  });
  try {
    await use({
      client,
      server,
      clock,
      get: (newerThan) =>
        client.get(key.publicKey, newerThan === undefined ? { signal: never } : { newerThan, signal: never }),
      put: (replaces) =>
        client.put(packet, replaces === undefined ? { signal: never } : { replaces, signal: never }),
    });
  } finally {
    client.close();
    await server.close();
  }
}

const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_, reply) =>
    void reply.writeHead(code, headers).end();
const octets =
  (body: Uint8Array): Answer =>
  (_, reply) =>
    void reply.writeHead(200).end(body);

test('a packet is asked for under the path of the relay, and verified', async () => {
  await withRelay(octets(payload), async ({ get, server }) => {
    const outcome = await get();
    assert.equal(outcome.kind, 'packet');
    assert.deepEqual(outcome.kind === 'packet' && outcome.packet.toBytes(), packet.toBytes());
    assert.equal(server.requests[0]?.path, `/pkarr/${key.publicKey.text}`);
    assert.equal(server.requests[0]?.headers['if-modified-since'], undefined);
  });
});

test('the condition is the second of the packet that is held, and 304 means nothing newer', async () => {
  await withRelay(status(304), async ({ get, server }) => {
    assert.deepEqual(await get(1_700_000_000_999_999n), { kind: 'not-modified' });
    assert.equal(server.requests[0]?.headers['if-modified-since'], 'Tue, 14 Nov 2023 22:13:20 GMT');
  });
});

test('a timestamp that no HTTP date can say makes no condition', async () => {
  assert.equal(httpDate(-1n), undefined);
  assert.equal(httpDate(2n ** 63n - 1n), undefined);
  await withRelay(octets(payload), async ({ get, server }) => {
    await get(2n ** 62n);
    assert.equal(server.requests[0]?.headers['if-modified-since'], undefined);
  });
});

test('a relay of old that answers a condition with 200 and nothing is asked again without it', async () => {
  const old: Answer = (request, reply) =>
    void reply.end(request.headers['if-modified-since'] === undefined ? payload : undefined);
  await withRelay(old, async ({ get, server }) => {
    assert.equal((await get(1n)).kind, 'packet');
    assert.equal(server.requests.length, 2);
  });
});

test('200 with nothing and no condition is malformed, and is not asked for ever', async () => {
  await withRelay(status(200), async ({ get, server }) => {
    const outcome = await get(1n);
    assert.equal(outcome.kind === 'failed' && outcome.failure.kind, 'malformed');
    assert.equal(server.requests.length, 2);
  });
});

test('404 is absence, and may name an item that is no packet', async () => {
  await withRelay(status(404), async ({ get }) => {
    assert.deepEqual(await get(), { kind: 'absent', invalidSeq: undefined });
  });
  await withRelay(status(404, { 'Pkarr-Invalid-Signed-Packet-Seq': '77' }), async ({ get }) => {
    assert.deepEqual(await get(), { kind: 'absent', invalidSeq: 77n });
  });
  for (const wrong of ['-1', 'x', '9'.repeat(19), '1, 2']) {
    await withRelay(status(404, { 'Pkarr-Invalid-Signed-Packet-Seq': wrong }), async ({ get }) => {
      assert.deepEqual(await get(), { kind: 'absent', invalidSeq: undefined });
    });
  }
});

const flipped = Uint8Array.from(payload);
flipped[3] = (flipped[3] ?? 0) ^ 1;
for (const [what, body, reason] of [
  ['a broken signature', flipped, 'bad-signature'],
  ['the packet of another key', signedPacket(testKey(2), 100).toRelayPayload(), 'bad-signature'],
] as const) {
  test(`${what} is unusable, and its number is not believed`, async () => {
    await withRelay(octets(body), async ({ get }) => {
      assert.deepEqual(await get(), { kind: 'unusable', reason, seq: undefined });
    });
  });
}

test('72 octets are enough to be a payload, 71 are not', async () => {
  await withRelay(octets(new Uint8Array(72)), async ({ get }) =>
    assert.equal((await get()).kind, 'unusable'),
  );
  await withRelay(octets(new Uint8Array(71)), async ({ get }) => {
    const outcome = await get();
    assert.equal(outcome.kind === 'failed' && outcome.failure.kind, 'malformed');
  });
});

test('1072 octets are read, and 1073 are cut off and refused', async () => {
  await withRelay(octets(new Uint8Array(1072)), async ({ get }) =>
    assert.equal((await get()).kind, 'unusable'),
  );
  await withRelay(octets(new Uint8Array(1073)), async ({ get }) => {
    const outcome = await get();
    assert.equal(outcome.kind === 'failed' && outcome.failure.kind, 'malformed');
  });
});

test('a body that never ends is cut off at its 1073rd octet, long before its time is over', async () => {
  let written = 0;
  const endless: Answer = (_, reply) => {
    reply.on('error', () => {});
    const more = () => {
      while (!reply.destroyed && reply.write(Buffer.alloc(1024))) written += 1024;
    };
    reply.on('drain', more);
    more();
  };
  await withRelay(endless, async ({ get }) => {
    const outcome = await get();
    assert.equal(outcome.kind === 'failed' && outcome.failure.kind, 'malformed');
    assert.ok(written < 50_000_000);
  });
});

test('a body that drips is given up when the time is over', async () => {
  const dripping: Answer = (_, reply) => {
    const timer = setInterval(() => reply.write('x'), 20);
    reply.on('close', () => clearInterval(timer));
  };
  await withRelay(
    dripping,
    async ({ get }) => {
      const outcome = await get();
      assert.equal(outcome.kind === 'failed' && outcome.failure.kind, 'timeout');
    },
    400,
  );
});

test('a body that ends before its length says so is no answer', async () => {
  const broken: Answer = (_, reply) => {
    reply.writeHead(200, { 'content-length': '200' }).write('x', () => reply.destroy());
  };
  await withRelay(broken, async ({ get }) => {
    const outcome = await get();
    assert.equal(outcome.kind === 'failed' && outcome.failure.kind, 'unreachable');
  });
});

test('a redirect is not followed, and 400 is a refusal', async () => {
  for (const code of [301, 302, 307, 308, 400, 403]) {
    const headers: Record<string, string> = code < 400 ? { location: '/elsewhere' } : {};
    await withRelay(status(code, headers), async ({ get, server }) => {
      assert.deepEqual(await get(), { kind: 'failed', failure: { kind: 'refused', status: code } });
      assert.equal(server.requests.length, 1);
    });
  }
});

test('an error page of any length does no harm', async () => {
  const page: Answer = (_, reply) => void reply.writeHead(404).end(Buffer.alloc(100_000));
  await withRelay(page, async ({ get }) => assert.equal((await get()).kind, 'absent'));
});

for (const [what, header, forMs] of [
  ['seconds', '30', 30_000],
  ['a date', new Date(Date.UTC(2026, 0, 1, 0, 0, 45)).toUTCString(), 45_000],
  ['nothing', undefined, 10_000],
  ['no sense', 'soon', 10_000],
  ['a date that is over', new Date(Date.UTC(2025, 0, 1)).toUTCString(), 1_000],
  ['ten years', '315360000', 3_600_000],
  ['zero', '0', 1_000],
] as const) {
  test(`after 429 with ${what} in Retry-After the relay is left alone for ${forMs / 1000} s`, async () => {
    await withRelay(
      status(429, header === undefined ? {} : { 'retry-after': header }),
      async ({ get, put, server, clock }) => {
        assert.deepEqual(await get(), { kind: 'failed', failure: { kind: 'limited', forMs } });
        clock.now += forMs - 1;
        assert.deepEqual(await get(), { kind: 'failed', failure: { kind: 'paused', forMs: 1 } });
        assert.deepEqual(await put(), { kind: 'failed', failure: { kind: 'paused', forMs: 1 } });
        assert.equal(server.requests.length, 1);
        clock.now += 1;
        await get();
        assert.equal(server.requests.length, 2);
      },
    );
  });
}

test('failures are followed by pauses that double, and an answer ends them', async () => {
  let code = 503;
  await withRelay(
    (_, reply) => void reply.writeHead(code).end(),
    async ({ get, clock, client }) => {
      for (const pause of [1000, 2000, 4000]) {
        assert.deepEqual(await get(), { kind: 'failed', failure: { kind: 'server-error', status: 503 } });
        assert.deepEqual(await get(), { kind: 'failed', failure: { kind: 'paused', forMs: pause } });
        clock.now += pause;
      }
      code = 404;
      assert.equal((await get()).kind, 'absent');
      code = 500;
      await get();
      assert.deepEqual(await get(), { kind: 'failed', failure: { kind: 'paused', forMs: 1000 } });
      client.resetFailures();
      assert.deepEqual(await get(), { kind: 'failed', failure: { kind: 'server-error', status: 500 } });
    },
  );
});

test('a relay that is not there is unreachable', async () => {
  await withRelay(status(200), async ({ get, server }) => {
    await server.close();
    const outcome = await get();
    assert.equal(outcome.kind === 'failed' && outcome.failure.kind, 'unreachable');
  });
});

test('one connection serves many requests, and one that was closed meanwhile is replaced', async () => {
  await withRelay(octets(payload), async ({ get, server }) => {
    for (let n = 0; n < 5; n++) assert.equal((await get()).kind, 'packet');
    assert.equal(server.connections, 1);
    server.closeIdle();
    assert.equal((await get()).kind, 'packet');
    assert.equal(server.connections, 2);
  });
});

test('all connections that are kept may have been closed, and the next request is answered', async () => {
  let answer: Answer = octets(payload);
  const sockets = new Set<Socket>();
  await withRelay(
    (request, reply) => {
      if (reply.socket !== null) sockets.add(reply.socket);
      answer(request, reply);
    },
    async ({ get, server }) => {
      const held: (() => void)[] = [];
      answer = (_, reply) => {
        held.push(() => void reply.end(payload));
        if (held.length === 2) for (const go of held) go();
      };
      // Two requests at once make two connections, which both are kept.
      await Promise.all([get(), get()]);
      const dead = new Set(sockets);
      assert.equal(dead.size, 2);
      answer = (request, reply) => {
        if (reply.socket !== null && dead.has(reply.socket)) reply.socket.resetAndDestroy();
        else octets(payload)(request, reply);
      };
      for (let n = 0; n < 3; n++) assert.equal((await get()).kind, 'packet');
      // One that is closed on a new connection too is no answer.
      answer = (_, reply) => void reply.socket?.resetAndDestroy();
      const outcome = await get();
      assert.equal(outcome.kind === 'failed' && outcome.failure.kind, 'unreachable');
      assert.ok(server.requests.length >= 7);
    },
  );
});

test('with patience a rate limit is waited for, one request after another in the order in which they came', async () => {
  const asked: string[] = [];
  let tokens = 2;
  const server = await startRelayServer(({ path }, reply) => {
    asked.push(path.slice(1, 4));
    if (tokens-- > 0) reply.writeHead(404).end();
    else reply.writeHead(429, { 'retry-after': '0' }).end();
  });
  const client = createRelayClient({
    url: parseRelayUrl(server.url) ?? assert.fail(),
    resolveHost: noName,
    now: () => performance.now(),
    nowWall: () => Date.now(),
  });
  const refill = setInterval(() => {
    tokens = 2;
  }, 900);
  const keys = Array.from({ length: 6 }, (_, n) => testKey(n + 1).publicKey);
  const get = (n: number, patience: number) =>
    client.get(keys[n] ?? assert.fail(), { patience, signal: never });
  try {
    const outcomes = keys.map((_, n) => get(n, 10_000));
    // Whoever has no patience is told at once, and does not overtake.
    await Promise.any(outcomes);
    while (client.limitedFor() === 0) await new Promise(setImmediate);
    const hasty = await get(0, 0);
    assert.equal(hasty.kind === 'failed' && hasty.failure.kind, 'paused');
    const left = new AbortController();
    const leaving = client.get(keys[5] ?? assert.fail(), { patience: 10_000, signal: left.signal });
    left.abort(new Error('gone'));
    await assert.rejects(leaving, /gone/);
    assert.deepEqual(
      (await Promise.all(outcomes)).map(({ kind }) => kind),
      keys.map(() => 'absent'),
    );
    assert.equal(client.limitedFor(), 0);
    // Six together, of which two are answered; then two at a time, each round with one more that is refused.
    assert.ok(asked.length <= 6 + 2 + 1 + 2 + 1, `${asked.length} requests`);
    const order = asked.slice(6).filter((key, n, all) => all.lastIndexOf(key) === n);
    assert.deepEqual(
      order,
      keys.slice(-order.length).map(({ text }) => text.slice(0, 3)),
    );
  } finally {
    clearInterval(refill);
    client.close();
    await server.close();
  }
});

test('a rate limit that lasts longer than the patience is told at once', async () => {
  await withRelay(status(429, { 'retry-after': '60' }), async ({ client, server }) => {
    for (const kind of ['limited', 'paused']) {
      const outcome = await client.get(key.publicKey, { patience: 10_000, signal: never });
      assert.deepEqual(outcome, { kind: 'failed', failure: { kind, forMs: 60_000 } });
    }
    assert.equal(server.requests.length, 1);
  });
});

test('an abort ends the wait with its reason', async () => {
  await withRelay(
    () => {},
    async ({ client }) => {
      const leaving = new AbortController();
      const answer = client.get(key.publicKey, { signal: leaving.signal });
      setImmediate(() => leaving.abort(new Error('gone')));
      await assert.rejects(answer, /gone/);
    },
  );
});

for (const [code, headers, expected] of [
  [204, { 'Pkarr-Dht-Stored-Nodes': '17' }, { kind: 'stored', nodes: 17 }],
  [200, {}, { kind: 'stored', nodes: 1 }],
  [201, { 'Pkarr-Dht-Stored-Nodes': '0' }, { kind: 'stored', nodes: 0 }],
  [409, {}, { kind: 'conflict', reason: 'newer-known' }],
  [412, {}, { kind: 'conflict', reason: 'changed' }],
  [428, {}, { kind: 'conflict', reason: 'must-say' }],
  [400, {}, { kind: 'rejected', status: 400 }],
  [413, {}, { kind: 'rejected', status: 413 }],
  [500, {}, { kind: 'failed', failure: { kind: 'server-error', status: 500 } }],
  [302, {}, { kind: 'failed', failure: { kind: 'refused', status: 302 } }],
] as const) {
  test(`a PUT that is answered ${code} ${JSON.stringify(headers)} is ${JSON.stringify(expected)}`, async () => {
    await withRelay(status(code, { ...headers }), async ({ put, server }) => {
      assert.deepEqual(await put(), expected);
      assert.equal(server.requests[0]?.method, 'PUT');
      assert.equal(server.requests[0]?.path, `/pkarr/${key.publicKey.text}`);
      assert.deepEqual(Uint8Array.from(server.requests[0]?.body ?? []), payload);
      assert.ok(SignedPacket.fromRelayPayload(key.publicKey, server.requests[0]?.body ?? payload).ok);
    });
  });
}

test('a count of nodes that is no number is an error', async () => {
  for (const wrong of ['many', '-1', '1.5', '']) {
    await withRelay(status(204, { 'Pkarr-Dht-Stored-Nodes': wrong }), async ({ put }) => {
      const outcome = await put();
      assert.equal(outcome.kind === 'failed' && outcome.failure.kind, 'malformed', wrong);
    });
  }
});

test('a PUT that is to replace a packet names its second', async () => {
  await withRelay(status(204), async ({ put, server }) => {
    await put(1_700_000_000_500_000n);
    assert.equal(server.requests[0]?.headers['if-unmodified-since'], 'Tue, 14 Nov 2023 22:13:20 GMT');
  });
});

test('publishing waits for a relay that says 429 and that will be ready soon, and each relay has its own outcome', async () => {
  let times = 0;
  const busy = await startRelayServer((_, reply) => {
    reply.writeHead(++times === 1 ? 429 : 204, { 'retry-after': '1' }).end();
  });
  const longBusy = await startRelayServer(
    (_, reply) => void reply.writeHead(429, { 'retry-after': '600' }).end(),
  );
  const clients = [busy, longBusy].map(({ url }) =>
    createRelayClient({
      url: parseRelayUrl(url) ?? assert.fail(),
      resolveHost: noName,
      now: () => performance.now(),
      nowWall: () => Date.now(),
    }),
  );
  const reports = await publishToRelays(clients, packet, { signal: never });
  assert.deepEqual(reports[0]?.outcome, { kind: 'stored', nodes: 1 });
  assert.equal(reports[1]?.outcome.kind === 'failed' && reports[1].outcome.failure.kind, 'limited');
  assert.equal(times, 2);
  for (const client of clients) client.close();
  await busy.close();
  await longBusy.close();
});

/** A client of https://HOST, whose name the test resolves. */
function secureClient(host: string, port: number, resolveHost: HostResolver): RelayClient {
  return createRelayClient({
    url: new URL(`https://${host}:${port}`),
    resolveHost,
    now: () => performance.now(),
    nowWall: () => Date.now(),
    certificateAuthority: relayCertificate.cert,
  });
}

test('the name of a relay is resolved by us, and TLS holds it to its name', async () => {
  const server = await startRelayServer(octets(payload), { isSecure: true });
  const asked: string[] = [];
  const resolveHost: HostResolver = async (host) => {
    asked.push(host);
    return ['127.0.0.1'];
  };
  const right = secureClient('relay.test', server.port, resolveHost);
  const wrong = secureClient('other.test', server.port, resolveHost);
  assert.equal((await right.get(key.publicKey, { signal: never })).kind, 'packet');
  const outcome = await wrong.get(key.publicKey, { signal: never });
  assert.equal(outcome.kind === 'failed' && outcome.failure.kind, 'unreachable');
  assert.deepEqual(asked, ['relay.test', 'other.test']);
  assert.equal(server.requests.length, 1);
  right.close();
  wrong.close();
  await server.close();
});

test('a relay whose name has no address, or cannot be resolved, is unreachable', async () => {
  for (const resolveHost of [async () => [], () => Promise.reject(new Error('no upstream'))]) {
    const client = secureClient('relay.test', 443, resolveHost);
    const outcome = await client.get(key.publicKey, { signal: never });
    assert.equal(outcome.kind === 'failed' && outcome.failure.kind, 'unreachable');
    client.close();
  }
});

test('the address of a relay is http or https, without user, query or fragment', () => {
  assert.equal(parseRelayUrl('https://dns.iroh.link/pkarr/')?.href, 'https://dns.iroh.link/pkarr');
  assert.equal(parseRelayUrl('https://pkarr.pubky.app')?.host, 'pkarr.pubky.app');
  for (const text of [
    'pkarr.pubky.app',
    'ftp://x',
    'https://u@x',
    'https://u:p@x',
    'https://:p@x',
    'https://x?a',
    'https://x#a',
    '',
    'https://',
  ]) {
    assert.equal(parseRelayUrl(text), undefined, text);
  }
});

test('a relay is called by host, port and path of its address', () => {
  const labelOf = (url: string) => {
    const client = createRelayClient({
      url: parseRelayUrl(url) ?? assert.fail(),
      resolveHost: noName,
      now: () => 0,
      nowWall: () => 0,
    });
    client.close();
    return client.label;
  };
  assert.equal(labelOf('https://relay.example/'), 'relay.example');
  assert.equal(labelOf('https://relay.example:8443/pkarr/'), 'relay.example:8443/pkarr');
});
