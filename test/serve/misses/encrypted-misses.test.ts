import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { Rcode, Type } from '../../../src/dns/codes.ts';
import { decodeMessage, encodeMessage } from '../../../src/dns/message.ts';
import { query } from '../../support/dns-client.ts';
import {
  altered,
  answerAll,
  type Reaction,
  type ReceivedQuery,
  reply,
  replyA,
  replyTruncated,
} from '../../support/scripted-upstream.ts';
import { certificateForTests } from '../../support/test-certificate.ts';
import { assertWaysAlike } from './straight-cases.ts';
import { encryptedMissScene, type MissSceneOptions } from './straight-scene.ts';

const { authority, certificate } = await certificateForTests();

type Over = 'TLS' | 'HTTPS';

const scene = (over: Over, options: MissSceneOptions) =>
  encryptedMissScene(over, { pem: authority.pem, certificate }, options);

const ask = (one: Awaited<ReturnType<typeof scene>>, name: string) => one.ask(encodeMessage(query(name)));

const addresses = (octets: Uint8Array) =>
  decodeMessage(octets)
    .answers.filter(({ type }) => type === Type.A)
    .map(({ rdata }) => rdata.join('.'));

/** Those that have the straight way. */
const protocols: readonly Over[] = ['TLS', 'HTTPS'];

for (const over of protocols) {
  for (const rebindingProtection of [false, true]) {
    const protection = rebindingProtection ? 'with' : 'without';
    test(`over ${over} the straight way gives the octets of the full way, ${protection} rebinding protection`, async () => {
      await using straight = await scene(over, { way: 'straight', rebindingProtection });
      await using full = await scene(over, { way: 'full', rebindingProtection });
      await assertWaysAlike(straight, full, { over, numRuns: 100 });
      assert.ok(straight.taken() > 25, `only ${straight.taken()} went the straight way`);
      assert.equal(full.taken(), 0);
    });
  }

  test(`over ${over} many questions at once are asked on one connection, padded, and answered in any order`, async () => {
    const held: ReceivedQuery[] = [];
    await using one = await scene(over, {
      way: 'straight',
      script: (received) => {
        held.push(received);
        return undefined;
      },
    });
    const numbers = Array.from({ length: 90 }, (_, i) => i);
    const asked = numbers.map((i) => ask(one, `n${i}.example`));
    while (held.length < numbers.length) await setImmediate();
    assert.equal(one.taken(), numbers.length);
    for (const { bytes } of held) assert.equal(bytes.length, 128);
    for (const received of held.reverse()) {
      const number = Number(/\d+/.exec(received.name)?.[0]);
      (received as ReceivedQuery & { send: (octets: Uint8Array) => void }).send(
        replyA(received, `198.100.0.${number}`),
      );
    }
    const answers = await Promise.all(asked);
    assert.deepEqual(
      answers.map((octets) => addresses(octets)[0]),
      numbers.map((i) => `198.100.0.${i}`),
    );
    assert.equal(one.upstream.server.connections.length, 1);
    assert.equal(one.forwarder.status().inFlight, 0);
  });

  test(`over ${over} what waits when the connection closes is asked again, and answered`, async () => {
    await using one = await scene(over, { way: 'straight' });
    let count = 0;
    one.upstream.script = (received): Reaction | Uint8Array => {
      count += 1;
      return count % 7 === 0 ? { close: 'reset' } : answerAll(received);
    };
    for (let round = 0; round < 8; round++) {
      const asked = Array.from({ length: 20 }, (_, i) => ask(one, `r${round}-${i}.example`));
      for (const octets of await Promise.all(asked)) assert.deepEqual(addresses(octets), ['192.0.2.1']);
    }
    assert.ok(one.taken() > 8);
    assert.ok(one.upstream.server.connections.length > 1);
    assert.equal(one.forwarder.status().inFlight, 0);
  });

  test(`over ${over} a server that answers nothing any more is a failure, and nothing is asked of anybody else`, async () => {
    await using one = await scene(over, { way: 'straight' });
    one.upstream.script = () => ({ close: 'reset' });
    const octets = await ask(one, 'lost.example');
    assert.equal(decodeMessage(octets).rcode, Rcode.SERVFAIL);
    assert.equal(one.taken(), 1);
    assert.equal(one.forwarder.status().inFlight, 0);
    assert.equal(one.responder.statistics().inFlight, 0);
    for (const received of one.upstream.received) assert.equal(received.transport, 'tcp');
  });

  test(`over ${over} a reply that is late is that of the full way, and the query is not sent twice`, async () => {
    const held: (ReceivedQuery & { send?: (octets: Uint8Array) => void })[] = [];
    await using one = await scene(over, {
      way: 'straight',
      script: (received) => {
        held.push(received);
        return undefined;
      },
    });
    const asked = ask(one, 'late.example');
    while (held.length < 1) await setImmediate();
    one.clock.advance(60);
    for (let i = 0; i < 20; i++) await setImmediate();
    const [late] = held;
    assert.ok(late !== undefined);
    late.send?.(replyA(late, '198.100.0.7'));
    assert.deepEqual(addresses(await asked), ['198.100.0.7']);
    assert.equal(one.upstream.received.length, 1);
    assert.equal(one.forwarder.status().inFlight, 0);
  });

  test(`over ${over} after a change of the network the question is asked anew on another connection`, async () => {
    await using one = await scene(over, { way: 'straight', script: () => undefined });
    const asked = ask(one, 'moving.example');
    while (one.upstream.received.length < 1) await setImmediate();
    one.upstream.script = answerAll;
    one.forwarder.networkChanged();
    assert.deepEqual(addresses(await asked), ['192.0.2.1']);
    assert.equal(one.upstream.received.length, 2);
    assert.equal(one.upstream.server.connections.length, 2);
    assert.equal(one.forwarder.status().inFlight, 0);
  });

  test(`over ${over} what nobody waits for any more is abandoned when the program stops`, async () => {
    await using one = await scene(over, { way: 'straight', script: () => undefined });
    const asked = ask(one, 'stopping.example');
    while (one.upstream.received.length < 1) await setImmediate();
    await one.responder.close(20);
    assert.equal(decodeMessage(await asked).rcode, Rcode.SERVFAIL);
  });

  test(`over ${over} a server may change the case of names, and none is mixed for it`, async () => {
    await using one = await scene(over, {
      way: 'straight',
      script: (received) => {
        assert.equal(received.name, received.name.toLowerCase());
        return altered(replyA(received), (octets) => (octets[13] = (octets[13] ?? 0) & 0xdf));
      },
    });
    const octets = decodeMessage(await ask(one, 'Some.eXample'));
    assert.equal(octets.questions[0]?.name.labels.join('.'), 'Some.eXample');
    assert.equal(octets.answers.length, 1);
    assert.equal(one.taken(), 1);
  });

  test(`over ${over} a truncated reply and a malformed one are failures, and the next question is answered`, async () => {
    await using one = await scene(over, { way: 'straight' });
    const bad = [
      (received: ReceivedQuery) => replyTruncated(received),
      (received: ReceivedQuery) => replyA(received).subarray(0, 40),
      (received: ReceivedQuery) => altered(reply(received), (octets) => octets.writeUInt16BE(9, 6)),
    ];
    for (const [index, make] of bad.entries()) {
      one.upstream.script = make;
      const octets = await ask(one, `bad${index}.example`);
      assert.equal(decodeMessage(octets).rcode, Rcode.SERVFAIL);
      one.upstream.script = answerAll;
      assert.deepEqual(addresses(await ask(one, `good${index}.example`)), ['192.0.2.1']);
    }
    assert.equal(one.upstream.server.connections.length, 1);
    assert.equal(one.forwarder.status().inFlight, 0);
  });
}
