import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordToJson } from '../../src/cli/ask/record-json.ts';
import { Class, Type } from '../../src/dns/codes.ts';
import { Name } from '../../src/dns/name.ts';
import { parseZoneFile } from '../../src/pkarr/zone/file/zone-file.ts';
import { testKey } from '../support/packets.ts';

const origin = testKey(1).publicKey.name;

function json(line: string) {
  const [record] = parseZoneFile(line, { origin }).records;
  assert.ok(record);
  return recordToJson(record);
}

test('a record is shown in presentation form, and the fields of its type beside it', () => {
  assert.deepEqual(json('mail 60 IN MX 10 mx.example.com.'), {
    name: `mail.${origin}`,
    ttl: 60,
    class: 'IN',
    type: 'MX',
    rdata: '10 mx.example.com.',
    fields: { preference: 10, exchange: 'mx.example.com' },
  });
  assert.deepEqual(json('_s._tcp IN SRV 1 2 443 h.example.com.').fields, {
    priority: 1,
    weight: 2,
    port: 443,
    target: 'h.example.com',
  });
  assert.deepEqual(json('h IN SSHFP 4 2 abcd').fields, { algorithm: 4, hash: 2, fingerprint: 'ABCD' });
});

test('a type without fields, and RDATA that is not of its form, are shown without', () => {
  assert.equal('fields' in json('a IN A 192.0.2.1'), false);
  const broken = {
    name: Name.parse('a.'),
    type: Type.CAA,
    class: Class.IN,
    ttl: 1,
    rdata: new Uint8Array(1),
  };
  assert.equal('fields' in recordToJson(broken), false);
});
