import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Rcode, Type, typeFromText } from '../../src/dns/codes.ts';
import { decodeExtendedError } from '../../src/dns/extended-error.ts';
import { HEADER_LENGTH, type Message } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { createLog } from '../../src/observe/log.ts';
import { type AppScene, startAppScene } from '../support/app-scene.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { aRecord, cnameRecord, signedPacket, testKey } from '../support/packets.ts';
import {
  a,
  altered,
  type ReceivedQuery,
  reply,
  replyA,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';

const key = testKey(1);
const { text } = key.publicKey;
const lines: string[] = [];

/** RDATA that is not of the form of the type that was asked. */
const broken: Readonly<Record<number, readonly number[]>> = {
  [Type.A]: [192, 0, 2],
  [Type.AAAA]: [1, 2, 3],
  [Type.TXT]: [9, 1],
  [Type.MX]: [0],
  [Type.HTTPS]: [0, 1, 9, 1],
};

/** Every question is answered with such a record; a name that begins with `tokey` is an alias to the key. */
function brokenAnswer(received: ReceivedQuery): Uint8Array {
  const { question, name } = received;
  if (name.toLowerCase().startsWith('tokey')) {
    return reply(received, { answers: [cnameRecord(name, `out.${text}`)] });
  }
  const rdata = Uint8Array.from(broken[question.type] ?? []);
  // The encoder refuses such RDATA, so it is given as that of an unknown type. TYPE follows the question and a pointer.
  const bytes = reply(received, { answers: [{ ...a(received), type: 65_400, rdata }] });
  const typeAt = HEADER_LENGTH + question.name.wireLength + 4 + 2;
  return altered(bytes, (copy) => copy.writeUInt16BE(question.type, typeAt));
}

function withTarget(name: string, type: number, before: readonly number[], target: string): ResourceRecord {
  return { ...aRecord(name), type, rdata: Uint8Array.from([...before, ...Name.parse(target).toWire()]) };
}

let scene: AppScene;
let second: ScriptedUpstream;
before(async () => {
  second = await startScriptedUpstream({ script: brokenAnswer });
  const log = createLog({
    level: 'debug',
    write: (line) => lines.push(line),
    now: () => Date.now(),
    journal: false,
  });
  scene = await startAppScene({ log, settings: { suffix: [Name.parse('key')], rebindingProtection: true } });
  scene.upstream.script = brokenAnswer;
  const records = [
    cnameRecord(`out.${text}`, 'h1.example.com'),
    withTarget(`svc.${text}`, Type.HTTPS, [0, 0], 'h1.example.com'),
    withTarget(`d.${text}`, Type.DNAME, [], 'example.com'),
    withTarget(`ns.${text}`, Type.NS, [], 'h1.example.com'),
  ];
  await scene.put(signedPacket(key, Math.floor(Date.now() / 1000), records));
});
after(async () => {
  await scene.close();
  await second.close();
});

const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: false, options: [] };
const ask = (name: string, type: string) =>
  askUdp(scene.server, query(name, typeFromText(type) ?? 0, { edns }));
const infoCodes = (message: Message) =>
  (message.edns?.options ?? []).map((option) => decodeExtendedError(option)?.code);

for (const [name, type] of [
  ['plain.example.com', 'A'],
  ['plain.example.com', 'AAAA'],
  ['plain.example.com', 'TXT'],
  ['plain.example.com', 'MX'],
  ['plain.example.com', 'HTTPS'],
  ['out.KEY', 'A'],
  ['out.KEY', 'MX'],
  ['out.KEY', 'HTTPS'],
  ['out.KEY.key', 'HTTPS'],
  ['a.d.KEY', 'A'],
  ['x.ns.KEY', 'A'],
  ['tokey.example.com', 'A'],
] as const) {
  test(`a malformed record at ${name} ${type} is SERVFAIL with an extended error, and no internal error`, async () => {
    const answer = await ask(name.replace('KEY', text), type);
    assert.deepEqual([answer.rcode, answer.answers.length], [Rcode.SERVFAIL, 0]);
    assert.ok(infoCodes(answer).some((code) => code === 22 || code === 23));
    assert.doesNotMatch(lines.join(''), /WireError|[Ii]nternal error|mistake/);
  });
}

test('a malformed record where an HTTPS alias leads is only missed in the additional section', async () => {
  const answer = await ask(`svc.${text}`, 'HTTPS');
  assert.deepEqual([answer.rcode, answer.answers.length, answer.additionals.length], [Rcode.NOERROR, 1, 0]);
});

test('the next upstream is asked when one sends a malformed record, and no client sees that record', async () => {
  const good = await startScriptedUpstream();
  const both = await startAppScene({ settings: { upstream: [second.spec, good.spec] } });
  try {
    for (let i = 0; i < 4; i++) {
      const { rcode, answers } = await askUdp(both.server, query(`n${i}.example.com`));
      assert.deepEqual([rcode, answers.map(({ rdata }) => rdata.join('.'))], [Rcode.NOERROR, ['192.0.2.1']]);
    }
    assert.ok(second.received.length > 0);
  } finally {
    await both.close();
    await good.close();
  }
});

test('a malformed address of an upstream’s host leaves that upstream out, when it is asked and when it is probed', async () => {
  let isBroken = false;
  const plain = await startScriptedUpstream({
    script: (received) => {
      if (received.name.toLowerCase() !== 'dot.test.example') return replyA(received);
      return isBroken ? brokenAnswer(received) : reply(received, { rcode: Rcode.NXDOMAIN });
    },
  });
  const both = await startAppScene({ settings: { upstream: ['tls://dot.test.example', plain.spec] } });
  const lookUps = () => plain.received.filter(({ name }) => name.toLowerCase() === 'dot.test.example').length;
  try {
    // The upstream without an address is dead, and probed each second from now on.
    await askUdp(both.server, query('n0.example.com'));
    isBroken = true;
    const before = lookUps();
    for (let i = 1; lookUps() < before + 2; i++) {
      const { rcode } = await askUdp(both.server, query(`n${i}.example.com`));
      assert.equal(rcode, Rcode.NOERROR);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.equal((await askUdp(both.server, query('last.example.com'))).answers.length, 1);
  } finally {
    await both.close();
    await plain.close();
  }
});
