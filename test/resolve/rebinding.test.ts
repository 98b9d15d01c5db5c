import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { Name } from '../../src/dns/name.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { recordsAnswer, toRecords } from '../../src/resolve/answer.ts';
import { findLocalAddress, rebindingProtection } from '../../src/resolve/rebinding.ts';
import { recordAddresses } from '../../src/resolve/record-addresses.ts';
import { fc } from '../support/property.ts';
import { forwarded, layered, queryFor, records, toLines } from './layers.ts';

const strict = { allowed: [], hasRoute: () => false };
const refused = ['NOERROR', 'SOA of www.example. for 60 s', 'extended error 15'];

test('a public name with an address of this machine or network has no data, hints and mixed answers included', async () => {
  const cases = [
    'www A 127.0.0.1',
    'www A 0.0.0.0',
    'www A 10.0.0.1',
    'www A 172.16.3.4',
    'www A 192.168.1.1',
    'www A 169.254.1.1',
    'www A 100.64.0.1',
    'www A 198.18.0.1',
    'www A 192.0.0.9',
    'www AAAA fec0::1',
    'www AAAA ::1',
    'www AAAA ::',
    'www AAAA fd00::1',
    'www AAAA fe80::1',
    'www AAAA ::ffff:192.168.1.1',
    'www AAAA ::10.0.0.1',
    'www AAAA 64:ff9b::192.168.1.1',
    'www AAAA 64:ff9b:1::1',
    'www AAAA 2002:c0a8:0101::1',
    'www HTTPS 1 . alpn=h2 ipv4hint=192.0.2.1,192.168.1.1',
    'www HTTPS 1 . ipv6hint=2001:db8::1,fd00::1',
    'www SVCB 1 . ipv6hint=::ffff:127.0.0.1',
    'www A 192.0.2.1\nwww A 192.168.1.1',
    'www CNAME other\nother A 192.168.1.1',
  ];
  for (const zone of cases) {
    const { lines } = layered(rebindingProtection(strict), (query) =>
      forwarded(query, { answers: records(zone) }),
    );
    assert.deepEqual(await lines(queryFor('www.example')), refused, zone);
  }
});

test('an address counts in every section, and an answer made of records is judged like one of octets', () => {
  const local = records('www A 192.168.1.1');
  for (const section of ['answers', 'authorities', 'additionals'] as const) {
    const found = findLocalAddress(recordsAnswer({ [section]: local }));
    assert.equal(found?.class, 'private', section);
    assert.deepEqual(
      findLocalAddress(forwarded(queryFor('www.example'), { [section]: local }))?.class,
      'private',
    );
  }
});

test('an answer with public addresses alone goes through as the very octets it came in', async () => {
  const zone = [
    'www A 192.0.2.1',
    'www A 192.0.0.170',
    'www AAAA 2001:db8::1',
    'www AAAA 64:ff9b::192.0.2.1',
    'www HTTPS 1 . alpn=h3,h2 port=443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1',
    'www HTTPS 0 other',
    'www TXT 192.168.1.1',
  ];
  const answer = forwarded(queryFor('www.example'), { answers: records(...zone) });
  const { ask } = layered(rebindingProtection(strict), () => answer);
  assert.equal(await ask(queryFor('www.example')), answer);
});

test('domains of the allow list with all below them, and names with a route, may have any address', async () => {
  const layer = rebindingProtection({
    allowed: [Name.parse('Plex.Direct'), Name.parse('home.example')],
    hasRoute: (name) => name.isWithin(Name.parse('lan')),
  });
  const { ask } = layered(layer, (query) => forwarded(query, { answers: records('www A 192.168.1.1') }));
  const kinds: Record<string, string> = {
    'plex.direct': 'forwarded',
    'A.B.plex.DIRECT': 'forwarded',
    'home.example': 'forwarded',
    'nas.lan': 'forwarded',
    'xplex.direct': 'records',
    direct: 'records',
    'www.example': 'records',
  };
  for (const [name, kind] of Object.entries(kinds)) {
    assert.equal((await ask(queryFor(name))).kind, kind, name);
  }
});

test('negative answers and errors go through', async () => {
  for (const rcode of [Rcode.NXDOMAIN, Rcode.SERVFAIL, Rcode.NOERROR]) {
    const { ask } = layered(rebindingProtection(strict), (query) => forwarded(query, { rcode }));
    assert.equal(toRecords(await ask(queryFor('www.example'))).rcode, rcode);
  }
});

test('an HTTPS record whose parameters cannot be read is refused, for a lenient client may read them', () => {
  const [good] = records('www HTTPS 1 . ipv4hint=192.0.2.1');
  assert.ok(good);
  const head = [0, 1, 0];
  const bad = [
    [...head, 0, 4, 0, 3, 192, 0, 2],
    [...head, 0, 4, 0, 8, 192, 0, 2, 1],
    [...head, 0, 4, 0, 4, 192, 0, 2, 1, 0, 4, 0, 4, 10, 0, 0, 1],
    [...head, 0, 6, 0, 0, 0, 4, 0, 4, 10, 0, 0, 1],
    [0],
    [],
  ];
  for (const octets of bad) {
    const record: ResourceRecord = { ...good, rdata: Uint8Array.from(octets) };
    assert.equal(recordAddresses(record), 'malformed');
    assert.equal(findLocalAddress(recordsAnswer({ answers: [record] }))?.class, 'malformed');
  }
});

test('looking for addresses never throws, whatever the octets of a record are', () => {
  const [base] = records('www A 192.0.2.1');
  assert.ok(base);
  const types = fc.constantFrom(Type.A, Type.AAAA, Type.HTTPS, Type.SVCB, Type.TXT);
  fc.assert(
    fc.property(types, fc.uint8Array({ maxLength: 60 }), (type, rdata) => {
      const record: ResourceRecord = { ...base, type, rdata };
      const found = recordAddresses(record);
      if (found === 'malformed') return;
      for (const address of found) assert.ok(address.length === 4 || address.length === 16);
    }),
  );
});

test('what is refused is told with the address and its class', async () => {
  const { ask } = layered(rebindingProtection(strict), (query) =>
    forwarded(query, { answers: records('www A 192.168.1.1') }),
  );
  const answer = toRecords(await ask(queryFor('www.example')));
  assert.match(answer.extendedErrors[0]?.text ?? '', /private address 192\.168\.1\.1/);
  assert.deepEqual(toLines(answer), refused);
});
