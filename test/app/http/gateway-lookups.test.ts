import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatewayLookups } from '../../../src/app/http/gateway-lookups.ts';
import { Rcode, Type } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import { recordsAnswer } from '../../../src/resolve/answer.ts';
import type { Resolver } from '../../../src/resolve/query.ts';

const name = Name.parse('sf.example');

/** Lookups over a resolver that answers with these codes, and an address of the types that are `found`. */
function lookups(rcodes: { readonly a: number; readonly aaaa: number }, found: readonly number[] = []) {
  const router: Resolver = {
    async resolve({ question: { type, name: asked } }) {
      const rdata = Uint8Array.of(192, 31, 196, 1);
      const answers = found.includes(type) ? [{ name: asked, type, class: 1, ttl: 60, rdata }] : [];
      return recordsAnswer({ rcode: type === Type.A ? rcodes.a : rcodes.aaaa, answers });
    },
  };
  const packetReader = { read: () => assert.fail('no packet is wanted') };
  return gatewayLookups({ packetReader, router } as never);
}

const { NOERROR, NXDOMAIN, SERVFAIL } = Rcode;
const { signal } = new AbortController();

test('a name that does not exist has no addresses, and one that could not be looked up is a failure', async () => {
  assert.deepEqual(await lookups({ a: NXDOMAIN, aaaa: NXDOMAIN }).addresses(name, signal), []);
  assert.deepEqual(await lookups({ a: NOERROR, aaaa: NOERROR }).addresses(name, signal), []);
  for (const rcodes of [
    { a: SERVFAIL, aaaa: SERVFAIL },
    { a: SERVFAIL, aaaa: NOERROR },
    { a: NOERROR, aaaa: Rcode.REFUSED },
  ])
    await assert.rejects(lookups(rcodes).addresses(name, signal), { name: 'LookupError', kind: 'failed' });
});

test('the addresses of one type are enough', async () => {
  const { addresses } = lookups({ a: NOERROR, aaaa: SERVFAIL }, [Type.A]);
  assert.deepEqual(await addresses(name, signal), ['192.31.196.1']);
});
