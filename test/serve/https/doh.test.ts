import assert from 'node:assert/strict';
import { connect as connectTcp } from 'node:net';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Rcode, Type } from '../../../src/dns/codes.ts';
import { type Edns, type EdnsOption, EdnsOptionCode } from '../../../src/dns/edns.ts';
import { FrameReader } from '../../../src/dns/frame-reader.ts';
import { decodeMessage, encodeMessage, type Message } from '../../../src/dns/message.ts';
import { AccessList, loopbackPrefixes } from '../../../src/serve/clients/access-list.ts';
import { ClientRateLimit } from '../../../src/serve/clients/rate-limit.ts';
import { query, TcpClient } from '../../support/dns-client.ts';
import {
  askHttp1,
  Http2Client,
  type HttpAnswer,
  type HttpAsk,
  type HttpServerAddress,
  secureConnect,
} from '../../support/http-client.ts';
import { fc } from '../../support/property.ts';
import { parsed, startDohScene } from './doh-scene.ts';

const MESSAGE = 'application/dns-message';
const scene = await startDohScene();
const client = new Http2Client(scene.https);
after(async () => {
  await client.close();
  await scene.close();
});

const get = (message: Uint8Array): HttpAsk => ({
  path: `/dns-query?dns=${Buffer.from(message).toString('base64url')}`,
  headers: { accept: MESSAGE },
});
const post = (message: Uint8Array): HttpAsk => ({
  method: 'POST',
  path: '/dns-query',
  headers: { 'content-type': MESSAGE, accept: MESSAGE },
  body: message,
});
/** The lines of the answer to these octets, on a connection of its own that the server closes. */
async function rawAnswer(server: HttpServerAddress, octets: string): Promise<readonly string[]> {
  const { host, port, ca } = server;
  const socket = ca === undefined ? connectTcp(port, host) : secureConnect(server, ['http/1.1']);
  socket.write(octets, 'latin1');
  let text = '';
  for await (const piece of socket) text += (piece as Buffer).toString('latin1');
  return text.split('\r\n');
}

const a = encodeMessage(query('a.example'));

/** Each way to ask. */
const ways: Readonly<Record<string, (message: Uint8Array) => Promise<HttpAnswer>>> = {
  'HTTP/2 GET': (message) => client.ask(get(message)),
  'HTTP/2 POST': (message) => client.ask(post(message)),
  'HTTP/1.1 GET': (message) => askHttp1(scene.https, get(message)),
  'HTTP/1.1 POST': (message) => askHttp1(scene.https, post(message)),
  'HTTP/1.1 GET without TLS': (message) => askHttp1(scene.plain, get(message)),
  'HTTP/1.1 POST without TLS': (message) => askHttp1(scene.plain, post(message)),
};

for (const [way, ask] of Object.entries(ways)) {
  test(`a message is answered by ${way}, with its ID`, async () => {
    const { status, headers, body } = await ask(encodeMessage(query('way.example', Type.A, { id: 7 })));
    assert.equal(status, 200);
    assert.equal(headers['content-type'], MESSAGE);
    assert.equal(Number(headers['content-length']), body.length);
    const { id, answers } = decodeMessage(body);
    assert.deepEqual([id, answers.length], [7, 2]);
  });
}

test('HTTP/2 is spoken without TLS too, by those who know before', async () => {
  const plain = new Http2Client(scene.plain);
  assert.equal((await plain.ask(get(a))).status, 200);
  await plain.close();
});

const requests = fc
  .record({
    label: fc.constantFrom('a', 'A', 'large', 'nothing', 'comment', 'failing'),
    type: fc.constantFrom(Type.A, Type.AAAA, Type.ANY, 252, 65_400),
    id: fc.nat(0xffff),
    flags: fc.record({
      recursionDesired: fc.boolean(),
      authenticData: fc.boolean(),
      checkingDisabled: fc.boolean(),
    }),
    edns: fc.option(
      fc.record({
        udpPayloadSize: fc.constantFrom(0, 512, 1232, 4096),
        version: fc.constantFrom(0, 0, 0, 1),
        dnssecOk: fc.boolean(),
        options: fc.array(
          fc.record({ code: fc.constantFrom(3, 8, 10, 11, 65_001), data: fc.uint8Array({ maxLength: 20 }) }),
          { maxLength: 2 },
        ) as fc.Arbitrary<EdnsOption[]>,
      }),
      { nil: undefined },
    ),
    /** An octet that is set to something else. */
    damage: fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.record({ at: fc.nat(60), value: fc.nat(255) }) },
    ),
    way: fc.constantFrom('HTTP/2 GET', 'HTTP/2 POST'),
  })
  .map(({ label, type, id, flags, edns, damage, way }) => {
    const plain = query(`${label}.eXample`, type);
    const message = { ...plain, id, flags: { ...plain.flags, ...flags } };
    const octets = encodeMessage(edns === undefined ? message : { ...message, edns });
    if (damage !== undefined && damage.at < octets.length) octets[damage.at] = damage.value;
    return { octets, way };
  });

test('answers are those over TCP, octet for octet', async () => {
  let answered = 0;
  await fc.assert(
    fc.asyncProperty(requests, async ({ octets, way }) => {
      const overTcp = await tcpExchange(octets);
      const overHttps = await (ways[way] ?? assert.fail())(octets);
      if (overTcp === undefined) {
        assert.equal(overHttps.status, 400);
        return;
      }
      answered++;
      assert.equal(overHttps.status, 200);
      assert.equal(inBoth(overHttps.body).toString('hex'), inBoth(overTcp).toString('hex'));
    }),
    { numRuns: 300 },
  );
  assert.ok(answered > 200, `only ${answered} were answered`);
});

/**
 * A reply without what only one of the two has: over TCP the option that says how long the connection is kept (RFC 7828 §3.2.2),
 * over HTTPS the padding for who pads (RFC 8467 §4.1).
 */
function inBoth(reply: Buffer): Buffer {
  const message = decodeMessage(reply);
  const isOfOne = ({ code }: EdnsOption) =>
    code === EdnsOptionCode.TCP_KEEPALIVE || code === EdnsOptionCode.PADDING;
  if (!message.edns?.options.some(isOfOne)) return reply;
  const options = message.edns.options.filter((option) => !isOfOne(option));
  return Buffer.from(encodeMessage({ ...message, edns: { ...message.edns, options } }));
}

/** The octets of the reply, or undefined when the connection is closed instead. */
function tcpExchange(octets: Uint8Array): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const { socket } = new TcpClient(scene.tcp);
    const reader = new FrameReader((reply) => {
      resolve(Buffer.from(reply));
      socket.destroy();
    });
    socket.on('data', (piece) => reader.push(piece));
    socket.on('close', () => resolve(undefined));
    socket.write(Buffer.concat([Buffer.of(octets.length >>> 8, octets.length & 0xff), octets]));
  });
}

test('a reply is padded to a multiple of 468 octets for those who pad, cached or not, and for nobody else', async () => {
  const edns = (options: readonly EdnsOption[]): Edns => ({
    udpPayloadSize: 1232,
    version: 0,
    dnssecOk: false,
    options,
  });
  const padding = { code: EdnsOptionCode.PADDING, data: new Uint8Array(20) };
  const ask = async (options: readonly EdnsOption[]) =>
    (await client.ask(post(encodeMessage(query('padded.example', Type.A, { edns: edns(options) }))))).body;
  const [first, cached, unpadded] = [await ask([padding]), await ask([padding]), await ask([])];
  assert.equal(first.length, 468);
  assert.deepEqual(cached, first);
  assert.ok(unpadded.length < 100);
  const { edns: _, ...withPadding } = decodeMessage(first);
  const { edns: __, ...without } = decodeMessage(unpadded);
  assert.deepEqual(withPadding, without);
});

test('an answer may be kept for its smallest TTL that is left, a negative one as its SOA says, a failure not at all', async () => {
  const control = async (name: string) =>
    (await client.ask(post(encodeMessage(query(name))))).headers['cache-control'];
  assert.equal(await control('fresh.example'), 'max-age=60');
  scene.clock.time += 13_000;
  assert.equal(await control('fresh.example'), 'max-age=47');
  assert.equal(await control('nothing.fresh.example'), 'max-age=30');
  assert.equal(await control('failing.fresh.example'), 'no-store');
  assert.equal(await control('large.fresh.example'), 'max-age=60');
});

test('HEAD is told what GET is told, without the body', async () => {
  for (const ask of [(way: HttpAsk) => client.ask(way), (way: HttpAsk) => askHttp1(scene.https, way)]) {
    const whole = await ask(get(a));
    const head = await ask({ ...get(a), method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(head.headers['content-length'], whole.headers['content-length']);
    assert.equal(head.body.length, 0);
  }
});

test('what is no query is refused with a status that says why', async () => {
  const ahead = (site: string) => ({
    ...get(a),
    headers: { 'sec-fetch-site': site, 'sec-purpose': 'prefetch' },
  });
  const refused: readonly (readonly [string, HttpAsk, number])[] = [
    ['another path', { path: '/' }, 404],
    ['the path with a slash', { path: '/dns-query/?dns=AAAA' }, 404],
    ['no parameter', { path: '/dns-query' }, 400],
    ['base64 of another alphabet', { path: '/dns-query?dns=AAAB+AAB' }, 400],
    ['base64 with padding', { path: '/dns-query?dns=AAABAAABAAAAAAAAAWEAAAEAAQ==' }, 400],
    ['base64 of an impossible length', { path: '/dns-query?dns=AAABA' }, 400],
    ['too few octets', { path: '/dns-query?dns=AAABAAAB' }, 400],
    [
      'a response',
      get(encodeMessage({ ...query('a.example'), flags: { ...query('a.').flags, response: true } })),
      400,
    ],
    ['an empty body', post(new Uint8Array(0)), 400],
    ['another method', { method: 'PUT', path: '/dns-query', body: a }, 405],
    ['POST of the JSON form', { method: 'POST', path: '/resolve', body: a }, 405],
    ['a body of another type', { ...post(a), headers: { 'content-type': 'text/plain' } }, 415],
    ['a body of no type', { method: 'POST', path: '/dns-query', body: a }, 415],
    [
      'a body with a coding',
      { ...post(a), headers: { 'content-type': MESSAGE, 'content-encoding': 'gzip' } },
      415,
    ],
    ['a page of another site', { ...get(a), headers: { 'sec-fetch-site': 'cross-site' } }, 403],
    ['what is fetched ahead', ahead('none'), 403],
    ['what is fetched ahead for a page of ours', ahead('same-origin'), 403],
    ['nobody, with a page', { ...get(a), headers: { 'sec-fetch-site': 'none', referer: 'https://x/' } }, 403],
    ['more than a message', post(new Uint8Array(65_536)), 413],
  ];
  for (const [what, ask, status] of refused) {
    const answer = await client.ask(ask);
    assert.equal(answer.status, status, what);
    // Whatever ends a body that is not read leaves the connection to others.
    assert.equal((await client.ask(get(a))).status, 200, `after ${what}`);
  }
  const { headers } = await client.ask({ method: 'DELETE', path: '/dns-query' });
  assert.equal(headers.allow, 'GET, HEAD, POST');
});

test('a request without a host, or with several, is malformed', async () => {
  const line = `GET ${get(a).path} HTTP/1.1\r\n`;
  for (const server of [scene.https, scene.plain]) {
    for (const hosts of [
      '',
      'Host: localhost\r\nHost: localhost\r\n',
      'Host: localhost\r\nHost: x.example\r\n',
    ]) {
      const [status] = await rawAnswer(server, `${line}${hosts}Connection: close\r\n\r\n`);
      assert.equal(status, 'HTTP/1.1 400 Bad Request', hosts);
    }
  }
});

test('a client that speaks nothing of ours is refused, and one that says nothing of it speaks HTTP/1.1', async () => {
  const stranger = secureConnect(scene.https, ['imap', 'h3']);
  const problem = await new Promise<Error | undefined>((resolve) => {
    stranger.once('error', resolve);
    stranger.once('secureConnect', () => resolve(undefined));
  });
  assert.match(`${(problem as NodeJS.ErrnoException | undefined)?.code}`, /NO_APPLICATION_PROTOCOL/);
  const { status } = await askHttp1(scene.https, get(a), []);
  assert.equal(status, 200);
});

test('a body may come in chunks, with trailers', async () => {
  const head = `POST /dns-query HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${MESSAGE}\r\nConnection: close\r\n`;
  const half = a.length >> 1;
  const chunk = (octets: Uint8Array) =>
    `${octets.length.toString(16)}\r\n${Buffer.from(octets).toString('latin1')}\r\n`;
  const body = `${chunk(a.subarray(0, half))}${chunk(a.subarray(half))}0\r\nX-Checksum: 1\r\n\r\n`;
  for (const server of [scene.https, scene.plain]) {
    const [status] = await rawAnswer(
      server,
      `${head}Transfer-Encoding: chunked\r\nTrailer: X-Checksum\r\n\r\n${body}`,
    );
    assert.equal(status, 'HTTP/1.1 200 OK');
  }
});

test('the server as a whole can be asked what it takes', async () => {
  const { status, headers } = await client.ask({ method: 'OPTIONS', path: '*' });
  assert.deepEqual([status, headers.allow], [204, 'GET, HEAD, POST, OPTIONS']);
  const lines = await rawAnswer(
    scene.https,
    'OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  );
  assert.equal(lines[0], 'HTTP/1.1 204 No Content');
  assert.equal((await client.ask({ path: '*' })).status, 400);
});

test('who waits with a body that is too large is not told to send it', async () => {
  const head = (length: number) =>
    `POST /dns-query HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${MESSAGE}\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n`;
  const [refused] = await rawAnswer(scene.https, `${head(65_536)}\r\n`);
  assert.equal(refused, 'HTTP/1.1 413 Payload Too Large');
  const lines = await rawAnswer(
    scene.https,
    `${head(a.length)}Connection: close\r\n\r\n${Buffer.from(a).toString('latin1')}`,
  );
  assert.deepEqual([lines[0], lines[2]], ['HTTP/1.1 100 Continue', 'HTTP/1.1 200 OK']);
});

test('the type of a body may have parameters, and the URL others beside dns', async () => {
  const typed = { ...post(a), headers: { 'content-type': 'Application/DNS-Message; x=1' } };
  assert.equal((await client.ask(typed)).status, 200);
  assert.equal((await client.ask({ path: `${get(a).path}&ct=` })).status, 200);
  const sameSite = { ...get(a), headers: { 'sec-fetch-site': 'same-origin' } };
  assert.equal((await client.ask(sameSite)).status, 200);
});

test('only a host that is ours is served, whatever its port', async () => {
  const status = async (authority: string) =>
    (await client.ask({ ...get(a), headers: { ':authority': authority } })).status;
  for (const host of [
    'localhost',
    'LOCALHOST:1',
    'localhost.',
    '127.0.0.1',
    '127.0.0.1:443',
    'x.wild.example',
  ])
    assert.equal(await status(host), 200, host);
  for (const host of [
    'evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.2',
    'wild.example',
    'a.b.wild.example',
  ])
    assert.equal(await status(host), 421, host);
});

test('an absolute target is taken, and its host is the one that counts', async () => {
  for (const [server, scheme] of [
    [scene.https, 'https'],
    [scene.plain, 'http'],
  ] as const) {
    const status = async (target: string, host: string) =>
      (await askHttp1(server, { path: `${target}${get(a).path}`, headers: { host } })).status;
    assert.equal(await status(`${scheme}://localhost:1`, 'localhost'), 200);
    assert.equal(await status(`${scheme}://evil.example`, 'evil.example'), 421);
    assert.equal(await status(`${scheme}://localhost:1`, 'evil.example'), 200);
    assert.equal(await status(`${scheme}://evil.example`, 'localhost'), 421);
  }
});

test('clients that ask too often get 429, and those that may not ask a refusal of DNS', async () => {
  const rate = new ClientRateLimit({ rate: { burst: 1, perSecond: 0.001 }, maxClients: 8, now: () => 0 });
  const limited = await startDohScene({
    rate: {
      verdict: (_, isStream) => rate.verdict('192.0.2.9', isStream),
      takeAnswer: (_, isStream) => rate.takeAnswer('192.0.2.9', isStream),
    },
  });
  const others = await startDohScene({ access: { isAllowed: () => false } });
  try {
    const over = (address: typeof limited.https) => new Http2Client(address);
    const [one, other] = [over(limited.https), over(others.https)];
    assert.deepEqual([(await one.ask(get(a))).status, (await one.ask(get(a))).status], [200, 429]);
    assert.equal(decodeMessage((await other.ask(get(a))).body).rcode, Rcode.REFUSED);
    await Promise.all([one.close(), other.close()]);
  } finally {
    await Promise.all([limited.close(), others.close()]);
  }
});

test('a slow answer holds up no other one of its connection', async () => {
  const slow = client.ask(get(encodeMessage(query('slow.example'))));
  assert.equal((await client.ask(get(a))).status, 200);
  for (const release of scene.held.splice(0)) release();
  assert.equal(decodeMessage((await slow).body).answers.length, 2);
});

test('an internal error costs one answer, and is told', async () => {
  const { body } = await client.ask(get(encodeMessage(query('broken.example'))));
  assert.equal(decodeMessage(body).rcode, Rcode.SERVFAIL);
  assert.equal(scene.bugs.splice(0).length, 1);
  assert.equal((await client.ask(get(a))).status, 200);
});

test('the JSON form is that of Google and Cloudflare', async () => {
  const json = async (path: string, headers: Record<string, string> = {}) => {
    const answer = await client.ask({ path, headers });
    assert.equal(answer.headers['content-type'], 'application/dns-json', answer.body.toString());
    return { ...answer, value: JSON.parse(answer.body.toString()) };
  };
  const { value, headers } = await json('/resolve?name=json.example&type=a');
  assert.deepEqual(value, {
    ...{ Status: 0, TC: false, RD: true, RA: true, AD: false, CD: false },
    Question: [{ name: 'json.example.', type: 1 }],
    Answer: [
      { name: 'json.example.', type: 1, TTL: 60, data: '192.0.2.1' },
      { name: 'json.example.', type: 1, TTL: 3600, data: '192.0.2.2' },
    ],
  });
  assert.equal(headers['cache-control'], 'max-age=60');
  const byAccept = await json('/dns-query?name=json.example', { accept: 'application/dns-json' });
  assert.equal(byAccept.value.Answer.length, 2);
  const denied = await json('/resolve?name=nothing.example&type=28&cd=true&do=1');
  assert.deepEqual(
    [denied.value.Status, denied.value.CD, denied.value.Authority[0].type],
    [Rcode.NXDOMAIN, true, Type.SOA],
  );
  assert.deepEqual((await json('/resolve?name=comment.example')).value.Comment, ['EDE(0): why']);
  assert.match((await json('/resolve?name=x.example&type=TYPE65400')).value.Answer[0].data, /^\\# 4 /);
  const wire = await client.ask({ path: `/resolve?name=json.example&ct=${MESSAGE}` });
  assert.equal(decodeMessage(wire.body).answers.length, 2);
  const bad = [
    '',
    '?type=A',
    '?name=',
    '?name=a&type=NOPE',
    '?name=a&type=70000',
    '?name=a&type=OPT',
    '?name=a&do=2',
  ];
  for (const parameters of [
    ...bad,
    '?name=ä.example',
    `?name=${'a'.repeat(64)}`,
    `?name=${'a.'.repeat(500)}`,
  ])
    assert.equal((await client.ask({ path: `/resolve${parameters}` })).status, 400, parameters);
});

test('a query from this machine is allowed by the list of those who may ask', async () => {
  const access = new AccessList(loopbackPrefixes);
  const strict = await startDohScene({ access });
  try {
    const message: Message = decodeMessage((await askHttp1(strict.https, get(a))).body);
    assert.equal(message.rcode, Rcode.NOERROR);
  } finally {
    await strict.close();
  }
});

test('a certificate that changes is shown to the next connection, and open ones go on', async () => {
  const { cert, key } = await scene.authority.issue({
    names: 'DNS:localhost,DNS:renewed.example,IP:127.0.0.1',
  });
  const before = new Http2Client(scene.https);
  assert.equal((await before.ask(get(a))).status, 200);
  scene.certificate.set(parsed({ cert, key, certFile: '', keyFile: '', pin: '' }));
  const next = new Http2Client(scene.https);
  const renewed = { ...get(a), headers: { ':authority': 'renewed.example' } };
  assert.equal((await next.ask(renewed)).status, 200);
  const shown = (next.session.socket as import('node:tls').TLSSocket).getPeerCertificate().subjectaltname;
  assert.match(shown ?? '', /renewed/);
  await Promise.all([before.close(), next.close()]);
});

test('no connection is lost while a certificate takes the place of another', async () => {
  const other = parsed(
    await scene.authority.issue({ names: 'DNS:localhost,IP:127.0.0.1,DNS:other.example' }),
  );
  let isOver = false;
  let answered = 0;
  const clients = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      const one = new Http2Client(scene.https);
      assert.equal((await one.ask(get(a))).status, 200);
      answered++;
      await one.close();
    }
  });
  for (let goal = answered + 20; answered < goal; ) await sleep(2);
  scene.certificate.set(other);
  for (let goal = answered + 60; answered < goal; ) await sleep(2);
  isOver = true;
  await Promise.all(clients);
});
