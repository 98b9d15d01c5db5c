import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { decodeMessage, encodeMessage } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { type Answer, recordsAnswer } from '../../src/resolve/answer.ts';
import { everybody } from '../../src/serve/access-list.ts';
import { unlimited } from '../../src/serve/rate-limit.ts';
import { Responder } from '../../src/serve/responder.ts';
import { query } from '../support/dns-client.ts';
import { aRecord } from '../support/packets.ts';

test('an answer that was begun before its name was forgotten is given, and not kept', async () => {
  const cache = new AnswerCache({ maxBytes: 1_000_000, maxStale: 0, now: () => 0 });
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
  const ask = async (address: string | undefined, meanwhile = () => {}): Promise<string | undefined> => {
    const reply = new Promise<Uint8Array>((resolve) => {
      responder.respond(encodeMessage(query('www.example')), { client: '127.0.0.1', stream: false }, resolve);
    });
    meanwhile();
    const answer = recordsAnswer({ answers: [aRecord('www.example', address)] });
    for (const resolve of waiting.splice(0)) resolve(answer);
    return decodeMessage(await reply).answers[0]?.rdata.join('.');
  };
  // What it was made of is out of date before it is there: an alias of it may lead through any name.
  assert.equal(await ask('192.0.2.1', () => cache.forget(Name.parse('example'))), '192.0.2.1');
  assert.equal(await ask('192.0.2.2'), '192.0.2.2');
  assert.equal(await ask('192.0.2.3'), '192.0.2.2');
});
