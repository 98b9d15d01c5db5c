import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EdnsOptionCode } from '../../src/dns/edns.ts';
import { readLayout } from '../../src/dns/layout.ts';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import { WireError } from '../../src/dns/wire-error.ts';
import { readRequest } from '../../src/serve/request.ts';
import { query } from '../support/dns-client.ts';
import { fc } from '../support/property.ts';

const question = encodeMessage(query('www.example.com'));

/** A query with one additional record that claims to be OPT, its RDATA any octets. */
const withOpt = fc
  .record({
    size: fc.nat(65_535),
    version: fc.constantFrom(0, 0, 0, 1),
    dnssecOk: fc.boolean(),
    options: fc.array(
      fc.tuple(fc.constantFrom(3, 8, 10, 11, 12, 15, 65_001), fc.uint8Array({ maxLength: 20 })),
      { maxLength: 4 },
    ),
    // Octets added to RDLENGTH and to the last option's length: lies.
    lie: fc.constantFrom(0, 0, 0, 1, -1, 300),
    optionLie: fc.constantFrom(0, 0, 0, 1, -1, 300),
  })
  .map(({ size, version, dnssecOk, options, lie, optionLie }) => {
    const rdata = Buffer.concat(
      options.map(([code, data], i) => {
        const length = Math.max(0, data.length + (i === options.length - 1 ? optionLie : 0));
        return Buffer.concat([u16(code), u16(length), data]);
      }),
    );
    const fixed = [Buffer.of(0), u16(41), u16(size), Buffer.of(0, version), u16(dnssecOk ? 0x8000 : 0)];
    const opt = Buffer.concat([...fixed, u16(Math.max(0, rdata.length + lie)), rdata]);
    const bytes = Buffer.concat([question, opt]);
    bytes[11] = 1;
    return bytes;
  });

function u16(value: number): Buffer {
  return Buffer.of(value >>> 8, value & 0xff);
}

test('the quick reading of an OPT record and the whole reading of a message never disagree', () => {
  fc.assert(
    fc.property(withOpt, (bytes) => {
      const request = readRequest(bytes);
      let message: ReturnType<typeof decodeMessage>;
      try {
        message = decodeMessage(bytes.subarray(0, readLayout(bytes).end));
      } catch (error) {
        assert.ok(error instanceof WireError);
        assert.equal(request.kind === 'rejected' && request.rcode, 1);
        return;
      }
      assert.ok(request.kind !== 'silent');
      const { edns } = message;
      assert.ok(edns);
      assert.deepEqual(request.edns, {
        udpPayloadSize: Math.max(edns.udpPayloadSize, 512),
        dnssecOk: edns.dnssecOk,
        keepalive: edns.options.some(({ code }) => code === EdnsOptionCode.TCP_KEEPALIVE),
        padding: edns.options.some(({ code }) => code === EdnsOptionCode.PADDING),
      });
      assert.equal(request.kind, edns.version === 0 ? 'request' : 'rejected');
    }),
    { numRuns: 5000 },
  );
});

test('octets behind a query do not matter, with an OPT record and without', () => {
  const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: true, options: [] };
  for (const parts of [{}, { edns }]) {
    const bytes = encodeMessage(query('www.example.com', 1, parts));
    const plain = readRequest(bytes);
    assert.equal(plain.kind, 'request');
    for (const count of [1, 12, 500]) {
      const padded = readRequest(Buffer.concat([bytes, Buffer.alloc(count, 0x41)]));
      assert.deepEqual({ ...padded, bytes }, plain);
    }
  }
});

test('equal questions have equal keys whatever their case, and others have others', () => {
  const keyOf = (name: string, parts = {}) => {
    const request = readRequest(encodeMessage(query(name, 1, parts)));
    assert.equal(request.kind, 'request');
    return request.kind === 'request' ? request.cacheKey : '';
  };
  const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: true, options: [] };
  assert.equal(keyOf('WWW.Example.COM'), keyOf('www.example.com', { id: 9 }));
  assert.notEqual(keyOf('www.example.com'), keyOf('www.example.com', { edns }));
  // 0xC0 and 0xE0 are À and à in Latin-1, and two different octets in DNS (RFC 4343 §3.2).
  assert.notEqual(keyOf('\\192.example'), keyOf('\\224.example'));
});
