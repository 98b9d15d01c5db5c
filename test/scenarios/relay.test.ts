import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import type { AppStatus } from '../../src/app/status.ts';
import { Name } from '../../src/dns/name.ts';
import type { HttpStatus } from '../../src/http/http-status.ts';
import { limits } from '../../src/http/limits.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { createRelayClient } from '../../src/relay/client.ts';
import { machineInterfaces } from '../../src/system/interfaces.ts';
import { askRelay, type RelayAnswer, type RelayRequest } from '../http/relay/ask-relay.ts';
import { type Difference, differences, everywhere } from '../http/relay/differences.ts';
import { type StoredAnswer, storedAnswers } from '../http/relay/stored-answers.ts';
import { type AppScene, startAppScene } from '../support/app-scene.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { freePort } from '../support/free-port.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { TestAuthority, type TestCertificate } from '../support/test-certificate.ts';

const now = Math.floor(Date.now() / 1000);
const http = [{ host: '127.0.0.1', port: 0 }];
const payloadOf = (packet: SignedPacket) => packet.toRelayPayload();
const textOf = (n: number) => testKey(n).publicKey.text;
const ttl300 = (n: number, address: string) => [aRecord(textOf(n), address, 300)];

async function portOf({ app }: AppScene): Promise<number> {
  return Number(/:(\d+)$/.exec(httpOf(await app.status()).addresses[0] ?? '')?.[1]);
}

function httpOf({ http: status }: AppStatus): Extract<HttpStatus, { readonly state: 'waiting' | 'running' }> {
  assert.ok(status.state === 'waiting' || status.state === 'running');
  return status;
}

const lookupsOf = async ({ app }: AppScene) => (await app.status()).packets.lookupsStarted;

describe('a relay for everybody, beside pkarr-relay 2.1.0', () => {
  let scene: AppScene;
  let ask: (request: RelayRequest) => Promise<RelayAnswer>;
  const key = textOf(50);
  const [p1, p2] = [now - 100, now].map((at, index) =>
    // Not at the beginning of a second, as no real packet is.
    payloadOf(
      SignedPacket.sign(testKey(50), ttl300(50, `192.0.2.${index}`), BigInt(at) * 1_000_000n + 123_456n),
    ),
  ) as [Uint8Array, Uint8Array];
  const date = (seconds: number) => new Date(seconds * 1000).toUTCString();
  const forged = Uint8Array.from(p2).fill(7, 0, 64);

  before(async () => {
    scene = await startAppScene({ settings: { http, relayOrigins: ['*'] }, nodes: 20 });
    const port = await portOf(scene);
    ask = (request) => askRelay(port, request);
  });
  after(() => scene.close());

  const put = (body: Uint8Array, path = `/${key}`) => ask({ method: 'PUT', path, body });
  const get = (query = '', headers = {}) => ask({ path: `/${key}${query}`, headers });
  const since = (value: string) => get('', { 'if-modified-since': value });

  /** The requests that pkarr-relay was asked, in the same order. */
  const requests: Readonly<Record<string, () => Promise<RelayAnswer>>> = {
    'GET unknown': () => ask({ path: `/${textOf(51)}` }),
    'PUT p2': () => put(p2),
    'PUT p2 again (same)': () => put(p2),
    'PUT p1 (older)': () => put(p1),
    GET: () => get(),
    'GET 2 s later': () => get(),
    'GET ?policy=CacheOnly': () => get('?policy=CacheOnly'),
    'GET ?policy=CacheFirst': () => get('?policy=CacheFirst'),
    'GET ?policy=NetworkOnly': () => get('?policy=NetworkOnly'),
    'GET ?policy=bogus': () => get('?policy=bogus'),
    'GET ?policy=cacheonly': () => get('?policy=cacheonly'),
    'GET If-Modified-Since same second': () => since(date(now)),
    'GET If-Modified-Since +1 s': () => since(date(now + 1)),
    'GET If-Modified-Since rubbish': () => since('rubbish'),
    'PUT bad signature': () => put(forged),
    'PUT 71 bytes': () => put(p2.subarray(0, 71)),
    'PUT empty': () => put(new Uint8Array()),
    'PUT 1073 bytes': () => put(new Uint8Array(1073)),
    'PUT 1105 bytes': () => put(new Uint8Array(1105)),
    'PUT 100 kB': () => put(new Uint8Array(100_000)),
    'PUT bad key': () => put(p2, '/short'),
    'GET bad key': () => ask({ path: '/short' }),
    'GET upper case': () => ask({ path: `/${key.toUpperCase()}` }),
    'GET pk: form': () => ask({ path: `/pk:${key}` }),
    'GET alias of key': () => ask({ path: `/${key.slice(0, -1)}${key.endsWith('y') ? 'b' : 'e'}` }),
    HEAD: () => ask({ method: 'HEAD', path: `/${key}` }),
    POST: () => ask({ method: 'POST', path: `/${key}` }),
    DELETE: () => ask({ method: 'DELETE', path: `/${key}` }),
    OPTIONS: () => ask({ method: 'OPTIONS', path: `/${key}` }),
    'OPTIONS preflight': () =>
      ask({
        method: 'OPTIONS',
        path: `/${key}`,
        headers: {
          origin: 'https://a.example',
          'access-control-request-method': 'PUT',
          'access-control-request-headers': 'content-type,if-modified-since',
        },
      }),
    'GET /': () => ask({ path: '/' }),
    'GET /x/y': () => ask({ path: '/x/y' }),
  };

  test('each request is answered as by pkarr-relay, but for what is listed with its reason', async () => {
    const stored = storedAnswers();
    assert.deepEqual(
      stored.map(({ request }) => request),
      Object.keys(requests),
    );
    for (const theirs of stored) {
      const ours = await requests[theirs.request]?.();
      assert.ok(ours !== undefined);
      const listed: readonly Difference[] = differences[theirs.request] ?? [];
      assert.deepEqual(differencesOf(theirs, ours), listed.map(({ what }) => what).sort(), theirs.request);
    }
  });

  test('"max-age" is what is left of the time to live', async () => {
    const maxAge = async () =>
      Number(/^public, max-age=(\d+)$/.exec(String((await get()).headers['cache-control']))?.[1]);
    const before = await maxAge();
    await sleep(1_100);
    const after = await maxAge();
    assert.ok(before <= 300 && before > 200 && after < before, `${before} s, then ${after} s`);
  });

  test('a path below /pkarr is the same packet, and HEAD has the headers of GET', async () => {
    const [root, below, head] = await Promise.all([
      get(),
      ask({ path: `/pkarr/${key}` }),
      ask({ method: 'HEAD', path: `/${key}` }),
    ]);
    assert.deepEqual([root.body, below.body], [Buffer.from(p2), Buffer.from(p2)]);
    assert.equal(head.headers['content-length'], String(p2.length));
    assert.equal(head.headers.etag, root.headers.etag);
  });

  test('whoever has the packet by its ETag gets 304 with all headers, which counts before the date', async () => {
    const { etag = '' } = (await get()).headers;
    assert.match(etag, new RegExp(`^"${now}123456-[0-9a-f]{8}"$`));
    for (const tags of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const { status, headers, body } = await get('', { 'if-none-match': tags });
      assert.deepEqual([status, headers.etag, body.length], [304, etag, 0], tags);
      assert.ok(headers['last-modified'] !== undefined && headers['memento-datetime'] !== undefined);
    }
    const other = { 'if-none-match': '"x"', 'if-modified-since': date(now + 10) };
    assert.equal((await get('', other)).status, 200);
  });

  test('a packet takes the place only of the one that the conditions of its PUT want, wherever that is', async () => {
    const pair = testKey(56);
    const path = `/${pair.publicKey}`;
    /** Packets of one second, which no date tells apart. */
    const packet = (n: number) =>
      SignedPacket.sign(pair, ttl300(56, `192.0.2.${n}`), BigInt(now) * 1_000_000n + BigInt(n));
    const putIf = async (n: number, headers: Readonly<Record<string, string>>) =>
      (await ask({ method: 'PUT', path, body: payloadOf(packet(n)), headers })).status;
    const state = async () => (await ask({ path })).headers;

    assert.equal(await putIf(1, { 'if-match': '*' }), 412);
    assert.equal(await putIf(1, { 'if-none-match': '*', 'if-unmodified-since': date(now - 10) }), 204);
    assert.equal(await putIf(2, { 'if-none-match': '*' }), 412);
    const first = await state();
    assert.equal(await putIf(2, { 'if-match': `W/${first.etag}` }), 412);
    assert.equal(await putIf(2, { 'if-unmodified-since': date(now - 1) }), 412);
    assert.equal((await state()).etag, first.etag);
    // A date counts only without tags, and what a client has from Last-Modified is enough.
    assert.equal(
      await putIf(2, { 'if-match': String(first.etag), 'if-unmodified-since': date(now - 1) }),
      204,
    );
    assert.equal(await putIf(3, { 'if-unmodified-since': String(first['last-modified']) }), 204);
    assert.equal(await putIf(4, { 'if-unmodified-since': 'rubbish' }), 204);
    // Who did not hear of its success may ask again; an older packet is one, whatever the conditions.
    assert.equal(await putIf(4, { 'if-match': String(first.etag) }), 204);
    assert.equal(await putIf(1, { 'if-match': String(first.etag) }), 409);

    // What was published elsewhere is the newest too.
    const { etag = '' } = await state();
    await scene.put(packet(5));
    assert.equal(await putIf(6, { 'if-match': etag }), 412);
    const { etag: newest = '' } = await state();
    assert.ok(newest.startsWith(`"${now}000005-`), newest);

    // Of several at once that want to take the place of the same one, one does.
    const statuses = await Promise.all([7, 8, 9].map((n) => putIf(n, { 'if-match': newest })));
    assert.deepEqual(statuses.sort(), [204, 412, 412]);
    assert.deepEqual((await ask({ path, headers: { 'if-match': newest } })).status, 412);
  });

  test('a packet is on 20 of 20 nodes, is answered by DNS at once, and our own client reads it', async () => {
    const pair = testKey(52);
    const packet = signedPacket(pair, now, ttl300(52, '192.0.2.52'));
    const { status, headers } = await put(payloadOf(packet), `/${pair.publicKey}`);
    assert.deepEqual([status, headers['pkarr-dht-stored-nodes']], [204, '20']);
    const reply = await askUdp(scene.server, query(pair.publicKey.text));
    assert.deepEqual(
      reply.answers.map(({ rdata }) => [...rdata]),
      [[192, 0, 2, 52]],
    );
    const client = createRelayClient({
      url: new URL(`http://127.0.0.1:${await portOf(scene)}/pkarr/`),
      resolveHost: () => Promise.reject(new Error('an address needs no lookup')),
      now: () => performance.now(),
      nowWall: () => Date.now(),
    });
    try {
      const got = await client.get(pair.publicKey, { signal: AbortSignal.timeout(10_000) });
      assert.ok(got.kind === 'packet');
      assert.deepEqual(payloadOf(got.packet), payloadOf(packet));
      const next = signedPacket(pair, now + 1, ttl300(52, '192.0.2.53'));
      const stored = await client.put(next, { signal: AbortSignal.timeout(10_000) });
      assert.deepEqual(stored, { kind: 'stored', nodes: 20 });
      const put = (replaces: SignedPacket, seconds: number) =>
        client.put(signedPacket(pair, now + seconds, ttl300(52, '192.0.2.53')), {
          replaces: replaces.timestamp,
          signal: AbortSignal.timeout(10_000),
        });
      assert.deepEqual(await put(packet, 2), { kind: 'conflict', reason: 'changed' });
      assert.deepEqual(await put(next, 1), { kind: 'stored', nodes: 20 });
    } finally {
      client.close();
    }
    const renewed = await askUdp(scene.server, query(pair.publicKey.text));
    assert.deepEqual(
      renewed.answers.map(({ rdata }) => [...rdata]),
      [[192, 0, 2, 53]],
    );
  });

  test('CacheOnly starts no lookup, and NetworkOnly always does', async () => {
    const before = await lookupsOf(scene);
    const unknown = `/${textOf(53)}`;
    assert.equal((await ask({ path: `${unknown}?policy=CacheOnly` })).status, 404);
    assert.equal(await lookupsOf(scene), before);
    assert.equal((await get('?policy=NetworkOnly')).status, 200);
    assert.equal(await lookupsOf(scene), before + 1);
  });
});

describe('a relay over TLS, beyond this machine', () => {
  let scene: AppScene;
  let authority: TestAuthority;
  let certificate: TestCertificate;
  let port: number;
  /** An address of this machine that is not loopback: to it, who connects there is somebody else. */
  const outside = Object.values(machineInterfaces())
    .flatMap((addresses = []) => addresses)
    .find(({ address, internal }) => !internal && !address.includes(':'))?.address;

  before(async () => {
    authority = await TestAuthority.create();
    certificate = await authority.issue({ names: 'DNS:relay.example,DNS:localhost' });
    const { certFile, keyFile } = certificate;
    port = await freePort();
    const httpTls = [{ host: '0.0.0.0', port }];
    const settings = {
      http,
      httpTls,
      certificate: certFile,
      certificateKey: keyFile,
      httpNames: [Name.parse('b.example')],
    };
    scene = await startAppScene({ settings: { ...settings, allowFrom: [], relayRate: 1 }, nodes: 20 });
    // It begins without being asked.
    while ((await scene.app.status()).http.state !== 'running') await sleep(20);
  });
  after(async () => {
    await scene.close();
    await authority[Symbol.asyncDispose]();
  });

  const ask = async (
    host: string,
    path: string,
    { at = '127.0.0.1', body = undefined as Uint8Array | undefined } = {},
  ) => {
    const method = body === undefined ? 'GET' : 'PUT';
    const length = body === undefined ? {} : { 'content-length': body.length };
    const options = {
      host: at,
      port,
      path,
      method,
      ca: authority.pem,
      servername: 'relay.example',
      agent: false,
    };
    const request = httpsRequest({ ...options, headers: { host, ...length } }).end(body);
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.resume();
    return { status: response.statusCode, headers: response.headers };
  };

  test('it answers to its address and to the names of its certificate and of its settings, and is no gateway', async () => {
    const { http: status } = await scene.app.status();
    assert.ok(status.state === 'running' && status.addresses.includes(`https://0.0.0.0:${port}`));
    const path = `/${textOf(55)}?policy=CacheOnly`;
    for (const host of ['relay.example', 'RELAY.example.:8054', 'b.example', 'localhost', '127.0.0.1'])
      assert.equal((await ask(host, path)).status, 404, host);
    for (const host of ['evil.example', '192.0.2.1', `${textOf(55)}.localhost`])
      assert.equal((await ask(host, path)).status, 421, host);
  });

  test('without TLS nothing is said there', async () => {
    await assert.rejects(askRelay(port, { path: '/' }));
  });

  test('somebody else has an eighth of the connections at most, and others are served meanwhile', {
    skip: outside === undefined,
  }, async () => {
    const host = outside ?? '';
    const sockets = Array.from({ length: 80 }, () => connect({ host, port, localAddress: host }));
    let closed = 0;
    for (const socket of sockets) {
      socket.on('error', () => {});
      socket.once('close', () => closed++);
      socket.resume();
    }
    while (closed < 80 - limits.connectionsPerClient) await sleep(20);
    await assert.rejects(ask('relay.example', '/', { at: host }));
    assert.equal((await ask('relay.example', '/')).status, 200);
    assert.equal(closed, 80 - limits.connectionsPerClient);
    for (const socket of sockets) socket.destroy();
    // The thread notices it when it notices it.
    const isServed = () =>
      ask('relay.example', '/', { at: host }).then(
        ({ status }) => status === 403,
        () => false,
      );
    while (!(await isServed())) await sleep(20);
  });

  test('a certificate that is renewed is shown to the next connection, without a restart', async () => {
    const { starts } = httpOf(await scene.app.status());
    assert.deepEqual((await ask('renewed.example', '/')).status, 421);
    const renewed = await authority.issue({ names: 'DNS:relay.example,DNS:renewed.example' });
    // The chain comes first, and does not belong to the key that is there.
    await writeFile(certificate.certFile, renewed.cert);
    await writeFile(certificate.keyFile, renewed.key);
    const shown = async () => {
      const socket = connectTls({ host: '127.0.0.1', port, ca: authority.pem, servername: 'relay.example' });
      await once(socket, 'secureConnect');
      const { subjectaltname } = socket.getPeerCertificate();
      socket.destroy();
      return subjectaltname;
    };
    while ((await shown()) !== 'DNS:relay.example, DNS:renewed.example') await sleep(100);
    // Its names are names of this server from then on.
    assert.equal((await ask('renewed.example', `/${textOf(55)}?policy=CacheOnly`)).status, 404);
    assert.equal(httpOf(await scene.app.status()).starts, starts);
  });

  test('somebody else has the relay and nothing more, and is limited', {
    skip: outside === undefined,
  }, async () => {
    const at = outside ?? '';
    assert.equal((await ask('relay.example', '/')).status, 200);
    assert.equal((await ask('relay.example', '/', { at })).status, 403);
    assert.equal((await ask('relay.example', '/metrics', { at })).status, 403);
    const put = async (n: number) =>
      await ask('relay.example', `/${textOf(n)}`, { at, body: payloadOf(signedPacket(testKey(n), now)) });
    const numbers = Array.from({ length: 12 }, (_, index) => 100 + index);
    const answers = await Promise.all(numbers.map(put));
    const statuses = new Set(answers.map(({ status }) => status));
    assert.deepEqual([...statuses].sort(), [204, 429]);
    const limited = answers.find(({ status }) => status === 429);
    assert.equal(limited?.headers['retry-after'], '1');
    assert.ok(
      answers.every(({ status, headers }) => status === 429 || headers['pkarr-dht-stored-nodes'] === '20'),
    );
  });
});

/** What differs, apart from what does everywhere. A header is a set where its order is of no meaning. */
function differencesOf({ status, headers }: StoredAnswer, ours: RelayAnswer): readonly string[] {
  const compared = [
    'content-type',
    'cache-control',
    'last-modified',
    'memento-datetime',
    'pkarr-dht-stored-nodes',
    'allow',
    'access-control-allow-origin',
    'access-control-allow-methods',
    'access-control-allow-headers',
    'access-control-allow-credentials',
  ].filter((name) => everywhere[name] === undefined);
  const shown = (name: string, value: string | readonly string[] | undefined) => {
    if (value === undefined) return 'absent';
    if (name === 'allow') return String(value).split(/, ?/).sort().join(',');
    // Another packet at another time.
    return /^(last-modified|memento-datetime|pkarr-dht-stored-nodes)$/.test(name) ? 'present' : String(value);
  };
  const pairs = [
    ['status', String(status), String(ours.status)] as const,
    ...compared.map((name) => [name, shown(name, headers[name]), shown(name, ours.headers[name])] as const),
  ];
  return pairs
    .filter(([, theirs, own]) => theirs !== own)
    .map(([name, theirs, own]) => `${name}: ${theirs}, ours ${own}`)
    .sort();
}
