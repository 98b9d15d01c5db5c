import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isMetaType, Type, typeToText } from '../../src/dns/codes.ts';
import { readLayout } from '../../src/dns/layout.ts';
import { decodeMessage, HEADER_LENGTH, type Message } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { type AppScene, startAppScene } from '../support/app-scene.ts';
import { askUdp, query, TcpClient } from '../support/dns-client.ts';
import { buildReply, type CorpusCase, cases } from './message-corpus.ts';

/*
 * Replies of every record type, in odd but legal shapes, from an upstream through the whole program: a client gets what the
 * upstream sent, section by section, fetched and cached.
 */

/** A section in a form that can be compared: names without case, since pointers to the question take the client's. */
function plain(records: readonly ResourceRecord[], ttl: (record: ResourceRecord) => number) {
  return records.map((record) => ({
    owner: record.name.key,
    type: typeToText(record.type),
    class: record.class,
    ttl: ttl(record),
    rdata: Buffer.from(record.rdata).toString('latin1').toLowerCase(),
  }));
}

const byName = new Map<string, CorpusCase>();
const nameOf = (one: CorpusCase, index: number) => one.name ?? Name.parse(`c${index}.corpus.example`);
for (const [index, one] of cases.entries()) byName.set(`${nameOf(one, index).key} ${one.type}`, one);

let scene: AppScene;
before(async () => {
  scene = await startAppScene({ nodes: 4, settings: { clientRate: 0 } });
  scene.upstream.script = (received) => {
    const one = byName.get(`${received.question.name.key} ${received.question.type}`);
    if (one === undefined) return undefined;
    const bytes = buildReply(one, received);
    if (received.transport === 'tcp' || bytes.length <= 4096) return bytes;
    const header = bytes.subarray(0, HEADER_LENGTH + received.question.name.wireLength + 4);
    header.writeUInt16BE(0x8380, 2);
    header.fill(0, 6, HEADER_LENGTH);
    return header;
  };
});
after(() => scene.close());

async function ask(question: Name, type: number): Promise<Message> {
  const edns = { udpPayloadSize: 1232, version: 0, dnssecOk: false, options: [] };
  const message = query(question.toString(), type, { edns });
  const overUdp = await askUdp(scene.server, message);
  if (!overUdp.flags.truncated) return overUdp;
  const client = new TcpClient(scene.server);
  client.send(message);
  const overTcp = await client.next();
  client.socket.destroy();
  assert.ok(overTcp);
  return overTcp;
}

test('the corpus has every type that can be asked for', () => {
  const asked = new Set(cases.map(({ type }) => type));
  const missing = Object.values(Type).filter((type) => !isMetaType(type) && !asked.has(type));
  assert.deepEqual(missing.map(typeToText), []);
});

for (const [index, one] of cases.entries()) {
  test(`${one.what} reaches the client as the upstream sent it`, async () => {
    const question = nameOf(one, index);
    const fetched = await ask(question, one.type);
    const received = scene.upstream.received.findLast(({ question: { name } }) => name.equals(question));
    assert.ok(received, 'the upstream was not asked');
    const bytes = buildReply(one, received);
    const sent = decodeMessage(bytes.subarray(0, readLayout(bytes).end));
    const cached = await ask(question, one.type);
    for (const [time, got] of [
      ['fetched', fetched],
      ['cached', cached],
    ] as const) {
      assert.equal(got.rcode, sent.rcode, time);
      const { authoritative, truncated, recursionAvailable } = got.flags;
      assert.deepEqual([authoritative, truncated, recursionAvailable], [false, false, true], time);
      assert.deepEqual(got.questions[0]?.name.labels, question.labels, time);
      assert.deepEqual(got.edns?.options, [], time);
      for (const section of ['answers', 'authorities', 'additionals'] as const) {
        assert.deepEqual(
          plain(got[section], () => 0),
          plain(sent[section], () => 0),
          `${section}, ${time}`,
        );
        for (const [i, record] of got[section].entries()) {
          const before = sent[section][i]?.ttl ?? 0;
          // Longer than a day is not told, and a cached one has run down.
          const most = Math.min(before, 86_400);
          assert.ok(record.ttl <= most && record.ttl >= most - 10, `TTL ${record.ttl} of ${before}, ${time}`);
        }
      }
    }
  });
}
