import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startResolution } from '../../src/app/resolution.ts';
import { Cancellation } from '../../src/async/cancellation.ts';
import { defaultSettings } from '../../src/config/settings.ts';
import { Name } from '../../src/dns/name.ts';
import { silentLog } from '../../src/observe/log.ts';
import { toRecords } from '../../src/resolve/answer.ts';
import { queryFor } from '../resolve/layers.ts';
import { testKey } from '../support/packets.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';

const key = testKey(1).publicKey.text;

test('a key before a search domain of the system or of a setting is not sent upstream, also when the network changes', async () => {
  await using upstream = await startScriptedUpstream();
  let search = ['old.example'];
  const settings = {
    ...defaultSettings({ environment: {}, isRoot: false, home: '/nonexistent' }),
    upstream: [upstream.spec],
    searchDomain: [Name.parse('guests.example')],
  };
  const resolution = await startResolution(settings, silentLog, {
    packetReader: { read: async () => ({ kind: 'absent', seconds: 60 }) },
    resolvers: { current: async () => ({ servers: [], search, links: [] }) },
  });
  try {
    const isForwarded = async (name: string) => {
      const before = upstream.received.length;
      const context = { cancellation: new Cancellation(), aliasesFollowed: 0 };
      const { rcode } = toRecords(await resolution.router.resolve(queryFor(name), context));
      assert.equal(upstream.received.length > before, rcode === 0, name);
      return rcode === 0;
    };
    const domains = ['old.example', 'new.example', 'guests.example', 'lan'];
    const sent = async () => {
      const found: string[] = [];
      for (const domain of domains) if (await isForwarded(`www.${key}.${domain}`)) found.push(domain);
      return found;
    };
    assert.deepEqual(await sent(), ['new.example']);
    search = ['new.example'];
    await resolution.networkChanged();
    // Programs may go on with the old one for a moment.
    assert.deepEqual(await sent(), []);
    assert.ok(await isForwarded(`_iroh.${key}.dns.iroh.link`));
  } finally {
    resolution.close();
  }
});
