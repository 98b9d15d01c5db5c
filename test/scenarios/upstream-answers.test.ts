import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { decodeExtendedError } from '../../src/dns/extended-error.ts';
import { Name } from '../../src/dns/name.ts';
import { type AppScene, startAppScene } from '../support/app-scene.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { aRecord, cnameRecord, signedPacket, testKey } from '../support/packets.ts';
import {
  type ReceivedQuery,
  reply,
  replyA,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';

const { publicKey } = testKey(1);
const key = publicKey.text;
const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: false, options: [] };
const aa = { authoritative: true, recursionAvailable: false };

/** Serves corp.example as an authority does: aliases out of it, and nothing of what is elsewhere. */
function corporate(received: ReceivedQuery): Uint8Array {
  const name = received.name.toLowerCase();
  const targets: Readonly<Record<string, string>> = {
    'app.corp.example': 'app.cloud.example',
    'two.corp.example': 'back.cloud.example',
    'ping.corp.example': 'pong.cloud.example',
    'key.corp.example': `www.${key}`,
  };
  const target = targets[name];
  if (target !== undefined) return reply(received, { answers: [cnameRecord(name, target, 60)], flags: aa });
  if (name === 'end.corp.example') {
    return reply(received, { answers: [aRecord(name, '192.0.2.7')], flags: aa });
  }
  return reply(received, { rcode: Rcode.REFUSED, flags: { recursionAvailable: false } });
}

/** A recursive resolver without corp.example, which invents an address for a key. */
function ordinary(received: ReceivedQuery): Uint8Array {
  const name = received.name.toLowerCase();
  if (name === 'back.cloud.example') {
    return reply(received, { answers: [cnameRecord(name, 'end.corp.example', 60)] });
  }
  if (name === 'pong.cloud.example') {
    return reply(received, { answers: [cnameRecord(name, 'ping.corp.example', 60)] });
  }
  if (received.question.type === Type.MX) {
    const rdata = Uint8Array.from([0, 10, ...Name.parse(key).toWire()]);
    const mx = { ...aRecord(name), type: Type.MX, rdata };
    return reply(received, { answers: [mx], additionals: [aRecord(key, '192.0.2.66')] });
  }
  return name.endsWith('corp.example') ? reply(received, { rcode: Rcode.NXDOMAIN }) : replyA(received);
}

let scene: AppScene;
let corp: ScriptedUpstream;
let open: ScriptedUpstream;
before(async () => {
  corp = await startScriptedUpstream({ script: corporate });
  open = await startScriptedUpstream({ script: ordinary });
  scene = await startAppScene({
    settings: { upstream: [open.spec, `/corp.example/${corp.spec}`] },
  });
  const records = [aRecord(`www.${key}`, '192.0.2.10')];
  await scene.put(signedPacket(testKey(1), Math.floor(Date.now() / 1000), records));
});
after(async () => {
  await scene.close();
  await corp.close();
  await open.close();
});

const ask = (name: string, type: number = Type.A) => askUdp(scene.server, query(name, type, { edns }));

for (const [what, name, address] of [
  ['where its target belongs', 'app.corp.example', '192.0.2.1'],
  ['over two steps, back to the route', 'two.corp.example', '192.0.2.7'],
  ['from the packet of a key', 'key.corp.example', '192.0.2.10'],
] as const) {
  test(`an alias out of a route is completed ${what}`, async () => {
    for (const time of ['fetched', 'cached']) {
      const { rcode, answers } = await ask(name);
      assert.deepEqual([rcode, answers.at(-1)?.rdata.join('.')], [Rcode.NOERROR, address], time);
    }
    const asked = open.received.map((received) => received.name.toLowerCase());
    assert.ok(
      !asked.some((received) => received.endsWith('corp.example')),
      'the route is asked for its own names',
    );
  });
}

test('aliases between two upstreams that lead in a circle are SERVFAIL, soon', async () => {
  const { rcode, edns: opt } = await ask('ping.corp.example');
  assert.equal(rcode, Rcode.SERVFAIL);
  assert.match(opt?.options.map(decodeExtendedError)[0]?.text ?? '', /Alias loop/);
});

test('what an upstream says of a key reaches nobody, fetched or cached', async () => {
  for (const time of ['fetched', 'cached']) {
    const { answers, additionals } = await ask('mail.example', Type.MX);
    assert.deepEqual([answers.length, additionals.length], [1, 0], time);
  }
});
