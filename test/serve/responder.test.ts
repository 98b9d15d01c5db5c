import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { AnswerCache } from '../../src/cache/answer-cache.ts';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { type Edns, EdnsOptionCode } from '../../src/dns/edns.ts';
import { decodeExtendedError } from '../../src/dns/extended-error.ts';
import { readLayout } from '../../src/dns/layout.ts';
import { decodeMessage, encodeMessage, type Message } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { Protocol } from '../../src/dns/protocol.ts';
import { syntheticSoa } from '../../src/dns/soa.ts';
import { type Answer, recordsAnswer } from '../../src/resolve/answer.ts';
import { ResolveError } from '../../src/resolve/errors.ts';
import type { Query } from '../../src/resolve/query.ts';
import { everybody } from '../../src/serve/clients/access-list.ts';
import { unlimited } from '../../src/serve/clients/rate-limit.ts';
import type { ReplyPath } from '../../src/serve/reply.ts';
import { Responder } from '../../src/serve/responder.ts';
import { forwarded } from '../resolve/layers.ts';
import { query } from '../support/dns-client.ts';
import { aRecord } from '../support/packets.ts';
import { fc } from '../support/property.ts';

const udp: ReplyPath = { client: '127.0.0.1', protocol: Protocol.UDP };
const plainEdns: Edns = { udpPayloadSize: 4096, version: 0, dnssecOk: false, options: [] };

/** A responder whose answers come from `answer`, with time that the test moves. */
function scene(
  answer: (query: Query) => Answer | Promise<Answer>,
  cameBackFrom: () => Promise<string | undefined> | undefined = () => undefined,
) {
  let time = 1_000_000;
  const asked: Query[] = [];
  const bugs: unknown[] = [];
  const loops: string[] = [];
  const cache = new AnswerCache({ maxBytes: 1_000_000, maxStale: 86_400, now: () => time });
  const responder = new Responder({
    resolver: {
      async resolve(asking) {
        asked.push(asking);
        return await answer(asking);
      },
    },
    cache,
    access: everybody,
    rate: unlimited,
    cameBackFrom,
    onLoop: (upstream) => loops.push(upstream),
    trustAuthenticData: false,
    now: () => time,
    onBug: (error) => bugs.push(error),
  });
  const raw = (bytes: Uint8Array, path = udp) =>
    new Promise<Uint8Array | undefined>((resolve) => {
      if (!responder.respond(bytes, path, resolve)) resolve(undefined);
    });
  const ask = async (message: Message, path = udp) => {
    const reply = await raw(encodeMessage(message), path);
    assert.ok(reply, 'no reply');
    return decodeMessage(reply);
  };
  return {
    asked,
    bugs,
    loops,
    cache,
    responder,
    raw,
    ask,
    pass: (seconds: number) => {
      time += seconds * 1000;
    },
  };
}

const oneAddress = (asking: Query) =>
  recordsAnswer({ answers: [aRecord(asking.question.name.toString(), '192.0.2.7', 60)] });

const extendedErrors = (message: Message) => (message.edns?.options ?? []).map(decodeExtendedError);

test('the reply repeats id and question byte for byte, in the case that was asked, hit or miss', async () => {
  const { raw } = scene(oneAddress);
  for (const name of ['eXaMpLe.CoM', 'EXAMPLE.com']) {
    const request = encodeMessage(query(name));
    const reply = await raw(request);
    assert.ok(reply);
    assert.deepEqual(Buffer.from(reply.subarray(0, 2)), Buffer.from(request.subarray(0, 2)));
    assert.deepEqual(Buffer.from(reply.subarray(12, request.length)), Buffer.from(request.subarray(12)));
    assert.equal(decodeMessage(reply).answers[0]?.name.toString(), `${name}.`);
  }
});

test('a second query is a hit, its TTL has counted down, and at the end of the TTL it is a miss', async () => {
  const { ask, asked, pass } = scene(oneAddress);
  assert.equal((await ask(query('a.example'))).answers[0]?.ttl, 60);
  pass(20.5);
  assert.equal((await ask(query('A.example'))).answers[0]?.ttl, 39);
  assert.equal(asked.length, 1);
  pass(39.5);
  assert.equal((await ask(query('a.example'))).answers[0]?.ttl, 60);
  assert.equal(asked.length, 2);
});

test('the TTL of a hit never rises', async () => {
  const { ask, pass } = scene(oneAddress);
  let last = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 40; i++) {
    const ttl = (await ask(query('a.example'))).answers[0]?.ttl ?? -1;
    assert.ok(ttl <= last && ttl >= 0, `${ttl} after ${last}`);
    last = ttl;
    pass(1.4);
  }
});

test('DO and CD are part of what makes two questions equal, and are copied into the reply', async () => {
  const { ask, asked } = scene(oneAddress);
  const flags = { ...query('a.example').flags, checkingDisabled: true };
  await ask(query('a.example'));
  const checked = await ask(query('a.example', Type.A, { flags }));
  const secured = await ask(query('a.example', Type.A, { edns: { ...plainEdns, dnssecOk: true } }));
  assert.equal(asked.length, 3);
  assert.equal(checked.flags.checkingDisabled, true);
  assert.equal(secured.edns?.dnssecOk, true);
});

test('cookies, padding and unknown options do not split the cache and get no answer of their own', async () => {
  const { ask, asked } = scene(oneAddress);
  for (const code of [EdnsOptionCode.COOKIE, EdnsOptionCode.PADDING, EdnsOptionCode.CLIENT_SUBNET, 65_001]) {
    const options = [{ code, data: new Uint8Array(8).fill(code) }];
    const reply = await ask(query('a.example', Type.A, { edns: { ...plainEdns, options } }));
    assert.deepEqual(reply.edns, { ...plainEdns, udpPayloadSize: 1232 });
  }
  assert.equal(asked.length, 1);
});

test('an OPT record is in the reply only when one was in the query', async () => {
  const { ask } = scene(oneAddress);
  assert.equal((await ask(query('a.example'))).edns, undefined);
  assert.equal((await ask(query('a.example', Type.A, { edns: plainEdns }))).edns?.version, 0);
});

const rejections: readonly {
  readonly rule: string;
  readonly message: Message;
  readonly rcode: number;
}[] = [
  { rule: 'an opcode other than QUERY is NOTIMP', message: query('a.', Type.A, { opcode: 5 }), rcode: 4 },
  { rule: 'no question is FORMERR', message: query('a.', Type.A, { questions: [] }), rcode: 1 },
  {
    rule: 'two questions are FORMERR',
    message: query('a.', Type.A, { questions: [...query('a.').questions, ...query('b.').questions] }),
    rcode: 1,
  },
  { rule: 'AXFR is REFUSED', message: query('a.', Type.AXFR), rcode: 5 },
  { rule: 'IXFR is REFUSED', message: query('a.', Type.IXFR), rcode: 5 },
  {
    rule: 'class CH is REFUSED',
    message: query('version.bind.', Type.TXT, {
      questions: [{ name: Name.parse('version.bind.'), type: Type.TXT, class: 3 }],
    }),
    rcode: 5,
  },
  {
    rule: 'EDNS version 1 is BADVERS',
    message: query('a.', Type.A, { edns: { ...plainEdns, version: 1 } }),
    rcode: Rcode.BADVERS,
  },
  {
    rule: 'what is not in the cache is REFUSED without RD',
    message: query('a.', Type.A, { flags: { ...query('a.').flags, recursionDesired: false } }),
    rcode: 5,
  },
];

for (const { rule, message, rcode } of rejections) {
  test(`${rule}, and nobody is asked`, async () => {
    const { ask, asked } = scene(oneAddress);
    const reply = await ask(message);
    assert.equal(reply.rcode, rcode);
    assert.equal(reply.id, message.id);
    assert.equal(asked.length, 0);
  });
}

test('an OPT record is in the reply to every query with one, and in no other', async () => {
  const { raw } = scene(oneAddress);
  const messages = [
    ...rejections.map(({ message }) => message),
    ...[Type.IXFR, 249, 250, 253].map((type) => query('a.', type)),
    ...[1, 2, 4, 15].map((opcode) => query('a.', Type.SOA, { opcode })),
    query('a.example'),
  ];
  for (const message of messages) {
    const edns = { ...plainEdns, version: message.edns?.version ?? 0 };
    for (const path of [udp, { ...udp, protocol: Protocol.TCP }]) {
      const reply = await raw(encodeMessage({ ...message, edns }), path);
      assert.deepEqual(decodeMessage(reply ?? new Uint8Array()).edns, { ...plainEdns, udpPayloadSize: 1232 });
      const { edns: _, ...without } = message;
      const plain = await raw(encodeMessage(without), path);
      assert.equal(decodeMessage(plain ?? new Uint8Array()).edns, undefined);
    }
  }
});

test('what is said of recursion and of checking is said in replies to queries alone', async () => {
  const { ask } = scene(oneAddress);
  const flags = { ...query('a.').flags, checkingDisabled: true };
  for (const opcode of [1, 2, 4, 5, 15]) {
    const reply = await ask(query('a.', Type.SOA, { opcode, flags }));
    assert.deepEqual([reply.rcode, reply.opcode, reply.flags.recursionDesired], [Rcode.NOTIMP, opcode, true]);
    assert.deepEqual([reply.flags.recursionAvailable, reply.flags.checkingDisabled], [false, false]);
  }
  const refused = await ask(query('a.', Type.AXFR, { flags }));
  assert.deepEqual([refused.flags.recursionAvailable, refused.flags.checkingDisabled], [true, true]);
});

test('an RCODE over 15 goes out whole with EDNS, and as SERVFAIL without, where it would be cut to another', async () => {
  for (const rcode of [16, 23, 4_095]) {
    const { ask } = scene((asking) => ({ ...oneAddress(asking), rcode }));
    for (const _ of ['fetched', 'cached']) {
      assert.equal((await ask(query('a.example', Type.A, { edns: plainEdns }))).rcode, rcode);
      const plain = await ask(query('a.example'));
      assert.deepEqual([plain.rcode, plain.answers], [Rcode.SERVFAIL, []]);
    }
  }
});

test('octets behind a query are cut off, with EDNS and without, cached or not', async () => {
  const { raw, asked } = scene(oneAddress);
  for (const edns of [undefined, plainEdns]) {
    const message = query('a.example', Type.A, edns === undefined ? {} : { edns });
    for (const length of [1, 2, 11, 100]) {
      const reply = await raw(Buffer.concat([encodeMessage(message), Buffer.alloc(length, 7)]));
      const { rcode, answers } = decodeMessage(reply ?? new Uint8Array());
      assert.deepEqual([rcode, answers.length], [Rcode.NOERROR, 1]);
    }
  }
  assert.equal(asked.length, 1);
});

test('without RD the cache still answers', async () => {
  const { ask } = scene(oneAddress);
  await ask(query('a.example'));
  const flags = { ...query('a.example').flags, recursionDesired: false };
  const reply = await ask(query('a.example', Type.A, { flags }));
  assert.equal(reply.rcode, Rcode.NOERROR);
  assert.equal(reply.flags.recursionDesired, false);
});

test('responses and what is shorter than a header get silence', async () => {
  const { raw } = scene(oneAddress);
  const response = encodeMessage(query('a.', Type.A, { flags: { ...query('a.').flags, response: true } }));
  assert.equal(await raw(response), undefined);
  for (let length = 0; length < 12; length++) assert.equal(await raw(new Uint8Array(length)), undefined);
});

test('a failure is SERVFAIL with an extended error that says why', async () => {
  const { ask } = scene(() => {
    throw new ResolveError('upstream-network', 'No upstream could be reached.');
  });
  const reply = await ask(query('a.example', Type.A, { edns: plainEdns }));
  assert.equal(reply.rcode, Rcode.SERVFAIL);
  assert.deepEqual(extendedErrors(reply), [{ code: 23, text: 'No upstream could be reached.' }]);
});

test('a failure is remembered for 5 s, then twice as long each time, up to 60 s', async () => {
  const { ask, asked, pass } = scene(() => {
    throw new ResolveError('upstream-silent', 'No upstream answered.');
  });
  for (const [round, seconds] of [5, 10, 20, 40, 60, 60].entries()) {
    await ask(query('a.example'));
    assert.equal(asked.length, round + 1);
    pass(seconds - 0.5);
    await ask(query('a.example'));
    assert.equal(asked.length, round + 1, `within ${seconds} s`);
    pass(0.5);
  }
});

test('equal questions in flight are one, and each client keeps its own id and case', async () => {
  const { ask, asked } = scene(async (asking) => {
    await new Promise(setImmediate);
    return oneAddress(asking);
  });
  const names = ['a.example', 'A.example', 'a.EXAMPLE'];
  const replies = await Promise.all(names.map((name, id) => ask(query(name, Type.A, { id }))));
  assert.equal(asked.length, 1);
  replies.forEach((reply, id) => {
    assert.equal(reply.id, id);
    assert.equal(reply.questions[0]?.name.toString(), `${names[id]}.`);
  });
});

test('an expired answer is served when asking again fails, with TTL 30 or less and extended error 3, and then at once for 30 s', async () => {
  let broken = false;
  const { ask, asked, pass } = scene((asking) => {
    if (broken) throw new ResolveError('upstream-silent', 'No upstream answered.');
    return oneAddress(asking);
  });
  await ask(query('a.example'));
  broken = true;
  pass(61);
  for (const askedBefore of [2, 2]) {
    const reply = await ask(query('a.example', Type.A, { edns: plainEdns }));
    assert.equal(reply.rcode, Rcode.NOERROR);
    assert.equal(reply.answers[0]?.ttl, 30);
    assert.equal(extendedErrors(reply)[0]?.code, 3);
    assert.equal(asked.length, askedBefore);
    pass(29);
  }
  pass(2);
  broken = false;
  assert.equal((await ask(query('a.example'))).answers[0]?.ttl, 60);
});

test('an expired answer is served after 1.8 s when asking again takes longer, and the late answer is kept', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let release: (answer: Answer) => void = () => {};
    let slow = false;
    const { ask, pass } = scene((asking) =>
      slow
        ? new Promise<Answer>((resolve) => {
            release = () => resolve(oneAddress(asking));
          })
        : oneAddress(asking),
    );
    await ask(query('a.example'));
    slow = true;
    pass(61);
    const waiting = ask(query('a.example', Type.A, { edns: plainEdns }));
    await new Promise(setImmediate);
    mock.timers.tick(1_799);
    const pending = Symbol('pending');
    assert.equal(await Promise.race([waiting, new Promise((r) => setImmediate(r, pending))]), pending);
    mock.timers.tick(1);
    assert.equal((await waiting).answers[0]?.ttl, 30);
    const atOnce = await ask(query('a.example', Type.A, { edns: plainEdns }));
    assert.equal(extendedErrors(atOnce)[0]?.code, 3);
    release(recordsAnswer({}));
    await new Promise(setImmediate);
    assert.equal((await ask(query('a.example'))).answers[0]?.ttl, 60);
  } finally {
    mock.timers.reset();
  }
});

/** An address with a signature, for those who set DO; and the address alone. */
const signedAddress = (asking: Query) => {
  const [record] = oneAddress(asking).answers;
  assert.ok(record !== undefined);
  const signature = { ...record, type: Type.RRSIG, rdata: new Uint8Array(18 + 1) };
  return recordsAnswer({ answers: asking.dnssecOk ? [record, signature] : [record] });
};

const types = (message: Message) => message.answers.map(({ type }) => type);
const dnssecOk = { ...plainEdns, dnssecOk: true };

test('a fresh answer for those who set DO serves the others too, without its signatures, and is kept for them', async () => {
  const { ask, asked, pass } = scene(signedAddress);
  assert.deepEqual(types(await ask(query('a.example', Type.A, { edns: dnssecOk }))), [Type.A, Type.RRSIG]);
  pass(20);
  for (const seconds of [10, 0]) {
    const plain = await ask(query('a.example'));
    assert.deepEqual(types(plain), [Type.A]);
    assert.equal(plain.answers[0]?.ttl, seconds === 10 ? 40 : 30);
    pass(seconds);
  }
  assert.equal(asked.length, 1);
  // Who asks for signatures by their type gets them.
  await ask(query('a.example', Type.RRSIG, { edns: dnssecOk }));
  assert.deepEqual(types(await ask(query('a.example', Type.RRSIG))), [Type.A, Type.RRSIG]);
  pass(30);
  await ask(query('a.example'));
  assert.equal(asked.length, 3, 'it ends with the answer that it was made of');
});

test('a stale answer serves those who set DO otherwise when asking fails, and then at once', async () => {
  for (const first of [true, false]) {
    let broken = false;
    const { ask, asked, pass } = scene((asking) => {
      if (broken) throw new ResolveError('upstream-silent', 'No upstream answered.');
      return signedAddress(asking);
    });
    await ask(query('a.example', Type.A, { edns: { ...plainEdns, dnssecOk: first } }));
    pass(61);
    broken = true;
    for (const _ of ['asked again', 'at once']) {
      const reply = await ask(query('a.example', Type.A, { edns: { ...plainEdns, dnssecOk: !first } }));
      assert.deepEqual([reply.rcode, types(reply)], [Rcode.NOERROR, [Type.A]]);
      assert.equal(reply.answers[0]?.ttl, 30);
      assert.equal(extendedErrors(reply)[0]?.code, 3);
      assert.equal(asked.length, 2);
    }
    pass(31);
    broken = false;
    const again = await ask(query('a.example', Type.A, { edns: { ...plainEdns, dnssecOk: !first } }));
    assert.deepEqual(types(again), first ? [Type.A] : [Type.A, Type.RRSIG]);
  }
});

test('an answer that would be too long without its signatures is no answer for the others, and no bug either', async () => {
  // Targets that may not be compressed (RFC 2782), and are, by pointers to one of 255 octets.
  const count = 330;
  const target = Name.parse(`${'x'.repeat(60)}.`.repeat(3));
  const first = encodeMessage({
    ...query('a.example', Type.SRV),
    answers: [
      {
        ...aRecord('a.example', '', 60),
        type: Type.SRV,
        rdata: Uint8Array.of(0, 1, 0, 1, 0, 53, ...target.toWire()),
      },
    ],
  });
  const pointer = 0xc000 | (first.length - target.wireLength);
  const record = [
    0xc0,
    12,
    0,
    Type.SRV,
    0,
    1,
    0,
    0,
    0,
    60,
    0,
    8,
    0,
    1,
    0,
    1,
    0,
    53,
    pointer >>> 8,
    pointer & 255,
  ];
  const bytes = Uint8Array.from([...first, ...Array(count).fill(record).flat()]);
  bytes.set([0x81, 0x80], 2);
  bytes.set([(count + 1) >>> 8, (count + 1) & 255], 6);
  const layout = readLayout(bytes);
  const { ask, bugs, asked } = scene((asking) => {
    if (!asking.dnssecOk) throw new ResolveError('upstream-silent', 'No upstream answered.');
    const told = { rcode: 0, layout, extendedErrors: [], authenticData: false, edns: true, upstream: 'u' };
    return { kind: 'forwarded', reply: { bytes, ...told } };
  });
  const stream = { client: '127.0.0.1', protocol: Protocol.TCP };
  const signed = await ask(query('a.example', Type.SRV, { edns: dnssecOk }), stream);
  assert.equal(signed.answers.length, count + 1);
  for (let i = 0; i < 2; i++)
    assert.equal((await ask(query('a.example', Type.SRV), stream)).rcode, Rcode.SERVFAIL);
  assert.deepEqual([bugs, asked.length], [[], 3]);
});

test('a fresh answer without signatures is better than a failure for those who want them, and is asked for again', async () => {
  let broken = false;
  const { ask, asked, pass } = scene((asking) => {
    if (broken) throw new ResolveError('upstream-silent', 'No upstream answered.');
    return signedAddress(asking);
  });
  await ask(query('a.example'));
  pass(10);
  broken = true;
  const reply = await ask(query('a.example', Type.A, { edns: dnssecOk }));
  assert.deepEqual([types(reply), reply.answers[0]?.ttl, extendedErrors(reply)], [[Type.A], 50, []]);
  assert.equal(asked.length, 2);
  pass(31);
  broken = false;
  assert.deepEqual(types(await ask(query('a.example', Type.A, { edns: dnssecOk }))), [Type.A, Type.RRSIG]);
});

test('an answer that expired over a day ago is not served', async () => {
  let broken = false;
  const { ask, pass } = scene((asking) => {
    if (broken) throw new ResolveError('upstream-silent', 'No upstream answered.');
    return oneAddress(asking);
  });
  await ask(query('a.example'));
  broken = true;
  pass(60 + 86_400);
  assert.equal((await ask(query('a.example'))).rcode, Rcode.SERVFAIL);
});

test('a name asked twice is asked again in the last tenth of its life: TTL 20 at 0, 5, 18.5 and 21 s ends in a hit', async () => {
  const { ask, asked, pass } = scene((asking) =>
    recordsAnswer({ answers: [aRecord(asking.question.name.toString(), '192.0.2.7', 20)] }),
  );
  await ask(query('a.example'));
  pass(5);
  await ask(query('a.example'));
  pass(13.5);
  await ask(query('a.example'));
  await new Promise(setImmediate);
  assert.equal(asked.length, 2);
  pass(2.5);
  assert.equal((await ask(query('a.example'))).answers[0]?.ttl, 17);
  assert.equal(asked.length, 2);
});

test('a query without RD has nobody asked ahead of time either, and leaves that to the next with RD', async () => {
  const { ask, asked, pass } = scene(oneAddress);
  await ask(query('a.example'));
  pass(59);
  const flags = { ...query('a.example').flags, recursionDesired: false };
  assert.equal((await ask(query('a.example', Type.A, { flags }))).answers[0]?.ttl, 1);
  await new Promise(setImmediate);
  assert.equal(asked.length, 1);
  await ask(query('a.example'));
  await new Promise(setImmediate);
  assert.equal(asked.length, 2);
});

test('a stale answer is not served when its name was forgotten while it was asked for again', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let release: (answer: Answer) => void = () => {};
    const { ask, asked, pass, cache } = scene((asking) =>
      asked.length > 1
        ? new Promise<Answer>((resolve) => {
            release = () => resolve(oneAddress(asking));
          })
        : oneAddress(asking),
    );
    await ask(query('a.example'));
    pass(61);
    const waiting = ask(query('a.example'));
    await new Promise(setImmediate);
    cache.forget(Name.parse('example'));
    mock.timers.tick(1_800);
    await new Promise(setImmediate);
    release(recordsAnswer({}));
    assert.equal((await waiting).answers[0]?.ttl, 60);
  } finally {
    mock.timers.reset();
  }
});

test('a bug in rendering costs one SERVFAIL, over a stream too, and is told', async () => {
  const { ask, bugs } = scene(() => ({ kind: 'records' }) as unknown as Answer);
  for (const protocol of [Protocol.UDP, Protocol.TCP]) {
    const reply = await ask(query('a.example', Type.A, { edns: plainEdns }), {
      client: '127.0.0.1',
      protocol,
    });
    assert.equal(reply.rcode, Rcode.SERVFAIL);
    assert.deepEqual(extendedErrors(reply), [{ code: 0, text: "Internal error; see pkarrd's log." }]);
  }
  assert.equal(bugs.length, 2);
});

test('a TTL of 0 and one of 2^31 or more are passed on as 0 and not kept', async () => {
  for (const ttl of [0, 2 ** 31]) {
    const { ask, asked } = scene((asking) =>
      recordsAnswer({ answers: [aRecord(asking.question.name.toString(), '192.0.2.7', ttl)] }),
    );
    assert.equal((await ask(query('a.example'))).answers[0]?.ttl, 0);
    await ask(query('a.example'));
    assert.equal(asked.length, 2);
  }
});

test('a negative answer without SOA is not kept, one with SOA is, for 900 s at most', async () => {
  const zone = Name.parse('example.');
  const answers = [
    recordsAnswer({ rcode: 3 }),
    recordsAnswer({ rcode: 3, authorities: [syntheticSoa(zone, 1, 3600)] }),
  ];
  const expected = [2, 1];
  for (const [i, answer] of answers.entries()) {
    const { ask, asked, pass } = scene(() => answer);
    await ask(query('a.example'));
    pass(700);
    await ask(query('a.example'));
    assert.equal(asked.length, expected[i]);
    pass(201);
    await ask(query('a.example'));
    assert.equal(asked.length, (expected[i] as number) + 1);
  }
});

test('a mistake of ours is one SERVFAIL, is reported, and the next query is answered', async () => {
  let broken = true;
  const { ask, bugs } = scene((asking) => {
    if (broken) throw new TypeError('a mistake');
    return oneAddress(asking);
  });
  assert.equal((await ask(query('a.example'))).rcode, Rcode.SERVFAIL);
  assert.equal(bugs.length, 1);
  broken = false;
  assert.equal((await ask(query('a.example'))).rcode, Rcode.NOERROR);
});

test('over UDP an answer that does not fit the size of the client is TC with the question kept; over TCP it is whole', async () => {
  const answers = Array.from({ length: 60 }, (_, i) => aRecord('big.example', `192.0.2.${i}`));
  const { ask, raw } = scene(() => recordsAnswer({ answers }));
  const cases = [
    { edns: undefined, limit: 512 },
    { edns: { ...plainEdns, udpPayloadSize: 700 }, limit: 700 },
    { edns: { ...plainEdns, udpPayloadSize: 100 }, limit: 512 },
  ];
  for (const { edns, limit } of cases) {
    const message = query('big.example', Type.A, edns === undefined ? {} : { edns });
    const bytes = await raw(encodeMessage(message));
    assert.ok(bytes !== undefined && bytes.length <= limit);
    const reply = decodeMessage(bytes);
    assert.equal(reply.flags.truncated, true);
    assert.deepEqual(reply.questions.length, 1);
    assert.equal(reply.edns !== undefined, edns !== undefined);
  }
  const whole = await ask(query('big.example'), { client: '127.0.0.1', protocol: Protocol.TCP });
  assert.equal(whole.answers.length, 60);
  assert.equal(whole.flags.truncated, false);
});

test('additional records that do not fit are left out without TC: a client would ask again for nothing it needs', async () => {
  const answers = Array.from({ length: 10 }, (_, i) => aRecord('big.example', `192.0.2.${i}`));
  const additionals = Array.from({ length: 60 }, (_, i) => aRecord(`host-${i}.example`, '192.0.2.1', 600));
  const { ask, raw, pass } = scene(() => recordsAnswer({ answers, additionals }));
  for (const edns of [undefined, { ...plainEdns, udpPayloadSize: 600 }]) {
    const message = query('big.example', Type.A, edns === undefined ? {} : { edns });
    const bytes = await raw(encodeMessage(message));
    assert.ok(bytes !== undefined && bytes.length <= 600);
    const reply = decodeMessage(bytes);
    assert.deepEqual([reply.flags.truncated, reply.answers.length, reply.additionals.length], [false, 10, 0]);
    assert.equal(reply.edns !== undefined, edns !== undefined);
  }
  const { ttl: fresh } = (await ask(query('big.example'))).answers[0] ?? assert.fail();
  pass(7);
  assert.equal((await ask(query('big.example'))).answers[9]?.ttl, fresh - 7);
  const whole = await ask(query('big.example'), { client: '127.0.0.1', protocol: Protocol.TCP });
  assert.equal(whole.additionals.length, 60);
});

test('1232 octets is the most that goes into a datagram, however much the client takes', async () => {
  const answers = Array.from({ length: 100 }, (_, i) => aRecord('big.example', `192.0.2.${i}`));
  const { ask } = scene(() => recordsAnswer({ answers }));
  const edns = { ...plainEdns, udpPayloadSize: 65_535 };
  assert.equal((await ask(query('big.example', Type.A, { edns }))).flags.truncated, true);
});

test('no octets make the responder throw, and every reply to a query can be read', async () => {
  const { responder } = scene(oneAddress);
  const valid = encodeMessage(query('www.example.com', Type.A, { edns: plainEdns }));
  const mutated = fc
    .tuple(fc.nat(valid.length - 1), fc.nat(valid.length - 1), fc.nat(255), fc.nat(255))
    .map(([i, j, x, y]) => {
      const copy = valid.slice();
      copy[i] = x;
      copy[j] = y;
      return copy;
    });
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 600 }), mutated), async (bytes) => {
      const reply = await new Promise<Uint8Array | undefined>((resolve) => {
        if (!responder.respond(bytes, udp, resolve)) resolve(undefined);
      });
      if (reply !== undefined) {
        assert.equal(decodeMessage(reply).id, (((bytes[0] as number) << 8) | (bytes[1] as number)) as number);
      }
    }),
    { numRuns: 3000 },
  );
});

test('closing waits for what is in flight, and answers the rest with SERVFAIL', async () => {
  let release: (answer: Answer) => void = () => {};
  const slow = scene(
    () =>
      new Promise<Answer>((resolve) => {
        release = resolve;
      }),
  );
  const reply = slow.ask(query('slow.example'));
  const closed = slow.responder.close(10_000);
  release(recordsAnswer({}));
  await closed;
  assert.equal((await reply).rcode, Rcode.NOERROR);
});

test('when others must say whose query it is, it waits for their word, and nothing is asked before', async () => {
  for (const upstream of ['192.0.2.53', undefined]) {
    let say: (upstream: string | undefined) => void = () => {};
    const word = new Promise<string | undefined>((resolve) => {
      say = resolve;
    });
    const { ask, asked, loops } = scene(oneAddress, () => word);
    const reply = ask(query('LooPing-Name.example'));
    await new Promise(setImmediate);
    assert.equal(asked.length, 0);
    say(upstream);
    const { rcode, questions } = await reply;
    assert.equal(questions[0]?.name.toString(), 'LooPing-Name.example.');
    if (upstream === undefined) assert.deepEqual([rcode, asked.length, loops], [Rcode.NOERROR, 1, []]);
    else assert.deepEqual([rcode, asked.length, loops], [Rcode.SERVFAIL, 0, [upstream]]);
  }
});

test('what an upstream is an authority for, we are not: AA is not passed on', async () => {
  const { ask } = scene((asking) => {
    const answers = [aRecord(asking.question.name.toString())];
    const answer = forwarded(asking, { authoritative: true, answers });
    assert.equal(decodeMessage(answer.reply.bytes).flags.authoritative, true);
    return answer;
  });
  for (const time of ['fetched', 'cached']) {
    const { flags, answers } = await ask(query('a.example'));
    assert.deepEqual([flags.authoritative, answers.length], [false, 1], time);
  }
});
