import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { Class, Type } from '../../src/dns/codes.ts';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { Protocol } from '../../src/dns/protocol.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { type Answer, recordsAnswer } from '../../src/resolve/answer.ts';
import { everybody } from '../../src/serve/clients/access-list.ts';
import { unlimited } from '../../src/serve/clients/rate-limit.ts';
import { Responder } from '../../src/serve/responder.ts';
import { query } from '../support/dns-client.ts';
import { aRecord } from '../support/packets.ts';

/** A responder whose answers wait until the test gives them, in the order in which they were asked for. */
function scene() {
  const cache = new AnswerCache({ maxBytes: 1_000_000, maxStale: 86_400, now: () => 0 });
  const waiting: ((answer: Answer) => void)[] = [];
  const responder = new Responder({
    resolver: { resolve: () => new Promise((resolve) => waiting.push(resolve)) },
    cache,
    access: everybody,
    rate: unlimited,
    cameBackFrom: () => undefined,
    onLoop: () => {},
    trustAuthenticData: false,
    now: () => 0,
    onBug: (error) => {
      throw error;
    },
  });
  return {
    cache,
    waiting,
    /** The last address in the answer to a question. */
    async ask(name: string): Promise<string | undefined> {
      const reply = await new Promise<Uint8Array>((resolve) => {
        responder.respond(
          encodeMessage(query(name)),
          { client: '127.0.0.1', protocol: Protocol.UDP },
          resolve,
        );
      });
      return decodeMessage(reply).answers.at(-1)?.rdata.join('.');
    },
    answer(...answers: readonly ResourceRecord[]): void {
      waiting.shift()?.(recordsAnswer({ answers }));
    },
  };
}

test('an answer that was begun before its name was forgotten is given, and not kept', async () => {
  const { cache, ask, answer } = scene();
  const first = ask('www.example');
  cache.forget(Name.parse('example'));
  answer(aRecord('www.example', '192.0.2.1'));
  assert.equal(await first, '192.0.2.1');
  const second = ask('www.example');
  answer(aRecord('www.example', '192.0.2.2'));
  assert.equal(await second, '192.0.2.2');
  assert.equal(await ask('www.example'), '192.0.2.2');
});

test('an answer that an alias led to a name which was forgotten meanwhile is not kept; every other is', async () => {
  const { cache, ask, answer, waiting } = scene();
  const alias: ResourceRecord = {
    name: Name.parse('www.test'),
    type: Type.CNAME,
    class: Class.IN,
    ttl: 600,
    rdata: Name.parse('www.example').toWire(),
  };
  const [aliased, other] = [ask('www.test'), ask('other.test')];
  cache.forget(Name.parse('example'));
  answer(alias, aRecord('www.example', '192.0.2.1'));
  answer(aRecord('other.test', '192.0.2.3'));
  assert.deepEqual([await aliased, await other], ['192.0.2.1', '192.0.2.3']);
  assert.equal(await ask('other.test'), '192.0.2.3');
  const again = ask('www.test');
  assert.equal(waiting.length, 1);
  answer(alias, aRecord('www.example', '192.0.2.2'));
  assert.equal(await again, '192.0.2.2');
});

test('who asks after a name was forgotten does not get what was begun before', async () => {
  const { cache, ask, answer, waiting } = scene();
  const [first, joined] = [ask('www.example'), ask('www.example')];
  cache.forget(Name.parse('example'));
  const late = ask('www.example');
  assert.equal(waiting.length, 2, 'it is asked for anew');
  answer(aRecord('www.example', '192.0.2.1'));
  answer(aRecord('www.example', '192.0.2.2'));
  assert.deepEqual(await Promise.all([first, joined, late]), ['192.0.2.1', '192.0.2.1', '192.0.2.2']);
  assert.equal(await ask('www.example'), '192.0.2.2', 'the late one is kept');
});
