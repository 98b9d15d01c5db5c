import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeaderLines, headerLines, withoutHopByHop } from '../../../src/gateway/proxy/header-lines.ts';
import { responseHeaders, trailerFields } from '../../../src/gateway/proxy/response-headers.ts';
import { forBrowser, forSite } from '../../../src/gateway/proxy/site-url.ts';
import { readSiteHost } from '../../../src/gateway/site-host.ts';
import { testKey } from '../../support/packets.ts';

const [key, other] = [testKey(1).publicKey, testKey(2).publicKey];
const found = readSiteHost(`www.${key}.localhost:8053`);
assert.ok(found.kind === 'site');
const urls = { site: found.site, scheme: 'https' } as const;

function answer(
  raw: readonly string[],
  kind: 'verified' | 'plain' = 'verified',
  statusCode = 200,
): HeaderLines {
  const fetched = kind === 'plain' ? ({ kind } as const) : ({ kind, key } as const);
  return responseHeaders({ statusCode, rawHeaders: raw }, fetched, urls);
}

test('every answer is of a public address, beside the policy of the site', () => {
  const html = ['Content-Type', 'text/html; charset=utf-8'];
  assert.deepEqual(answer(html).get('content-security-policy'), ['treat-as-public-address']);
  const raw = [...html, 'Content-Security-Policy', "default-src 'self'"];
  assert.deepEqual(answer(raw).get('content-security-policy'), [
    "default-src 'self'",
    'treat-as-public-address',
  ]);
});

const policies = ['treat-as-public-address', "frame-ancestors 'none'"];
const opener = 'cross-origin-opener-policy';

test('what a browser could show as a PDF, which drops its policy, no page of the site embeds or reaches', () => {
  const types = [
    ...['application/pdf', 'Application/PDF;x', ' text/pdf', 'text/html,application/pdf', 'x', '*/*', ''],
    ...['application/unknown', 'unknown/unknown', 'application/octet-stream', 'text/html/pdf'],
  ];
  for (const raw of [
    [],
    ...types.map((type) => ['Content-Type', type]),
    ['Content-Type', 'text/html', 'Content-Type', 'application/pdf'],
  ]) {
    // Windows of one origin that ask for `same-origin` share a group.
    const lines = answer([...raw, 'Cross-Origin-Opener-Policy', 'same-origin']);
    assert.deepEqual(lines.get('content-security-policy'), policies, `${raw}`);
    assert.deepEqual(lines.get(opener), ['noopener-allow-popups'], `${raw}`);
  }
  const part = answer(['Content-Type', 'text/html'], 'verified', 206);
  assert.deepEqual(part.get('content-security-policy'), policies);
});

test('documents that keep their policy, and redirects, are left to the site', () => {
  const types = ['text/html; charset=utf-8', 'TEXT/PLAIN', 'image/svg+xml', 'application/xhtml+xml'];
  for (const type of [...types, 'application/ld+json', 'multipart/x-mixed-replace; boundary="a,b"']) {
    const lines = answer(['Content-Type', type, 'Cross-Origin-Opener-Policy', 'same-origin']);
    assert.deepEqual(lines.get('content-security-policy'), ['treat-as-public-address'], type);
    assert.deepEqual(lines.get(opener), ['same-origin']);
  }
  assert.equal(answer(['Location', '/'], 'verified', 302).has(opener), false);
  assert.equal(answer(['Location', ' '], 'verified', 302).has(opener), true);
  assert.equal(answer([], 'verified', 302).has(opener), true);
});

test('an answer that says that nothing has changed does not change how the document is guarded', () => {
  const raw = ['Content-Type', 'text/html', 'ETag', '"1"', 'Cross-Origin-Opener-Policy', 'unsafe-none'];
  const lines = answer([...raw, 'Content-Security-Policy', 'img-src *'], 'verified', 304);
  assert.deepEqual([...lines.keys()], ['etag', 'pkarrd-site']);
});

test('what would bind the browser to another way, or to localhost as a whole, is dropped', () => {
  const raw = [
    ...['Strict-Transport-Security', 'max-age=1'],
    ...['alt-svc', 'h3=":443"'],
    ...['Public-Key-Pins', 'x'],
    ...['NEL', '{}'],
    ...['Report-To', '{}'],
    ...['Access-Control-Allow-Private-Network', 'true'],
    ...['Pkarrd-Site', 'verified; key=mine'],
    ...['Content-Type', 'text/html'],
  ];
  assert.deepEqual([...answer(raw).keys()].sort(), [
    'content-security-policy',
    'content-type',
    'pkarrd-site',
  ]);
  assert.deepEqual(answer(raw).get('pkarrd-site'), [`verified; key=${key}`]);
});

test('a cookie is one of the host alone', () => {
  const cookies = [
    ...['Set-Cookie', 'a=1; Domain=localhost; Path=/; Secure'],
    ...['Set-Cookie', 'domain=2;DOMAIN = .example.com;HttpOnly'],
    ...['set-cookie', 'b=3; domain'],
    ...['set-cookie', '__Host-c=4; Path=/; Secure'],
  ];
  assert.deepEqual(answer(cookies).get('set-cookie'), [
    'a=1; Path=/; Secure',
    'domain=2;HttpOnly',
    'b=3',
    '__Host-c=4; Path=/; Secure',
  ]);
});

test('fields of one connection are dropped, with those that Connection names', () => {
  const raw = [
    ...['Connection', 'close, X-Mine'],
    ...['x-mine', '1'],
    ...['Keep-Alive', 'timeout=5'],
    ...['Transfer-Encoding', 'chunked'],
    ...['Upgrade', 'h2c'],
    ...['Proxy-Authenticate', 'Basic'],
    ...['Content-Type', 'text/html'],
  ];
  assert.deepEqual([...answer(raw).keys()].sort(), [
    'content-security-policy',
    'content-type',
    'pkarrd-site',
  ]);
});

test('Connection cannot take away the framing of a body', () => {
  assert.deepEqual(answer(['Connection', 'content-length', 'Content-Length', '5']).get('content-length'), [
    '5',
  ]);
});

test('of two framings of one body only the chunks count', () => {
  const lines = withoutHopByHop(headerLines(['Transfer-Encoding', 'chunked', 'Content-Length', '5']));
  assert.deepEqual([...lines], []);
});

test('an address that names a key leads to the gateway, and every other stays', () => {
  for (const [address, expected] of [
    [`https://www.${key}/a?b#c`, `http://www.${key}.localhost:8053/a?b#c`],
    [`http://${key}:8443/`, `http://${key}.localhost:8053/`],
    [`https://${other}`, `http://${other}.localhost:8053/`],
    [`HTTPS://${other.text.toUpperCase()}./x`, `http://${other}.localhost:8053/x`],
    [`//${key}/x`, `http://${key}.localhost:8053/x`],
    [`https://www.${other}.key/x`, `http://www.${other}.localhost:8053/x`],
    [`https://${other}.internal./x`, `http://${other}.localhost:8053/x`],
    ['https://example.internal/', 'https://example.internal/'],
    [`pk:${other}/x`, `http://${other}.localhost:8053/x`],
    [`pk://${other}/x`, `http://${other}.localhost:8053/x`],
    ['/path', '/path'],
    ['path?x=http://y', 'path?x=http://y'],
    ['https://example.com/', 'https://example.com/'],
    [`https://example.com/${key}`, `https://example.com/${key}`],
    [`https://${'y'.repeat(52)}/`, `https://${'y'.repeat(52)}/`],
    ['javascript:alert(1)', 'javascript:alert(1)'],
    [`ftp://${key}/`, `ftp://${key}/`],
    ['', ''],
  ] as const) {
    assert.equal(forBrowser(address, urls), expected, address);
  }
});

test('Location, Content-Location and Refresh are translated', () => {
  const lines = answer([
    ...['Location', `https://${other}/x`],
    ...['Content-Location', `https://www.${key}/y`],
    ...['Refresh', `5; url=https://${other}/z`],
    ...['Access-Control-Allow-Origin', `https://${key}`],
  ]);
  assert.deepEqual(lines.get('location'), [`http://${other}.localhost:8053/x`]);
  assert.deepEqual(lines.get('content-location'), [`http://www.${key}.localhost:8053/y`]);
  assert.deepEqual(lines.get('refresh'), [`5; url=http://${other}.localhost:8053/z`]);
  assert.deepEqual(lines.get('access-control-allow-origin'), [`http://${key}.localhost:8053`]);
});

test('the site sees its own origin in Origin and Referer, and others as they are', () => {
  for (const [address, expected] of [
    [`http://www.${key}.localhost:8053`, `https://www.${key}`],
    [`http://${key}.localhost:8053/a?b`, `https://${key}/a?b`],
    [`http://${other}.localhost:8053/`, `http://${other}.localhost:8053/`],
    ['https://example.com/', 'https://example.com/'],
    ['null', 'null'],
  ] as const) {
    assert.equal(forSite(address, urls), expected);
  }
});

test('a site in the clear has no powers, and nothing of it stays', () => {
  const lines = answer(
    [
      ...['Permissions-Policy', 'camera=*'],
      ...['Service-Worker-Allowed', '/'],
      ...['Clear-Site-Data', '"*"'],
      ...['Cache-Control', 'max-age=31536000'],
      ...['Expires', 'Thu, 01 Jan 2099 00:00:00 GMT'],
      ...['Content-Type', 'text/html'],
    ],
    'plain',
  );
  assert.deepEqual([...lines.keys()].sort(), [
    'cache-control',
    'content-security-policy',
    'content-type',
    'permissions-policy',
    'pkarrd-site',
  ]);
  assert.deepEqual(lines.get('cache-control'), ['no-store']);
  assert.deepEqual(lines.get('pkarrd-site'), ['plain']);
  for (const feature of ['camera', 'geolocation', 'microphone', 'loopback-network', 'serial'])
    assert.match(lines.get('permissions-policy')?.[0] ?? '', new RegExp(`(?:^|, )${feature}=\\(\\)`));
});

test('a field after the body is none that would have had to be known before it', () => {
  const raw = [
    'Server-Timing',
    'x',
    'X-Checksum',
    '1',
    'Set-Cookie',
    'a=1',
    'Content-Length',
    '5',
    'Location',
    '/',
  ];
  assert.deepEqual([...trailerFields(headerLines(raw)).keys()], ['server-timing', 'x-checksum']);
});
