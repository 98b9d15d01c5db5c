import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Rcode, Type } from '../../src/dns/codes.ts';
import { encodeExtendedError } from '../../src/dns/extended-error.ts';
import { Name } from '../../src/dns/name.ts';
import type { ResourceRecord } from '../../src/dns/record.ts';
import { syntheticSoa } from '../../src/dns/soa.ts';
import type { DhtNode } from '../../src/mainline/dht-node.ts';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { startTestNetworkThread } from '../../src/testnet/proxy.ts';
import type { TestNetwork } from '../../src/testnet/test-network.ts';
import { type RelayServer, startRelayServer } from '../relay/relay-server.ts';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { whyNoKnot } from '../support/knot.ts';
import { aRecord, cnameRecord, signedPacket, testKey } from '../support/packets.ts';
import { mainProgram } from '../support/programs.ts';
import {
  a,
  type ReceivedQuery,
  reply,
  replyA,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../support/scripted-upstream.ts';

/** The texts that people have looked at. `EXPLAIN_TEXTS=write` writes them anew. */
const texts = new URL('../../../test/scenarios/explain.txt', import.meta.url);
const { EXPLAIN_TEXTS } = process.env;
const mustWrite = EXPLAIN_TEXTS === 'write';

const program = { program: mainProgram.words };

/** A name server stands at port 53, so it has a loopback address of its own. */
const nameServerAddress = '127.0.0.79';
const cannotListen = await whyNoKnot(nameServerAddress);

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-explain-'));
const config = join(directory, 'pkarrd.toml');
const keys = Array.from({ length: 8 }, (_, index) => testKey(60 + index));
const [k1 = '', k2 = '', k3 = '', k4 = '', k5 = '', k6 = '', k7 = '', k8 = ''] = keys.map(
  ({ publicKey }) => publicKey.text,
);
const notKey = 'y'.repeat(51).concat('b');
const now = Math.floor(Date.now() / 1000);

let network: TestNetwork;
let node: DhtNode;
let upstream: ScriptedUpstream;
let dead: ScriptedUpstream;
let nameServer: ScriptedUpstream | undefined;
let relay: RelayServer;
/** What runs: words of its command line, by name. */
const running = new Map<string, RunningCommand>();

before(async () => {
  network = await startTestNetworkThread({ nodes: 12 });
  node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
  await node.ready();
  upstream = await startScriptedUpstream({ script: answerAsUpstream });
  dead = await startScriptedUpstream();
  await dead.close();
  if (cannotListen === undefined)
    nameServer = await startScriptedUpstream({
      address: nameServerAddress,
      port: 53,
      script: (query) => reply(query, { answers: [a(query, '192.0.2.44')], flags: { authoritative: true } }),
    });
  relay = await startRelayServer((_, answer) => void answer.end(packet(0).toRelayPayload()));
  for (const index of keys.keys()) {
    // Nobody has that of the last key.
    if (index < 7) await node.put(packet(index).item, { signal: AbortSignal.timeout(10_000) });
  }
  writeFileSync(join(directory, 'hosts'), '192.0.2.99 printer.example\n');
  const dht = bootstrapWords();
  const alive = `127.0.0.1:${upstream.port}`;
  const gone = `127.0.0.1:${dead.port}`;
  const here = [
    ...[
      '--hosts',
      join(directory, 'hosts'),
      '--search-domain',
      'corp.example',
      '--pkarr-loopback',
      'allow',
      '--rebinding-protection',
      'on',
    ],
    ...['--upstream', alive, '--upstream', `/routed.example/${alive}`],
  ];
  await start('main', ...dht, ...here);
  await start('one dead', '--dht', 'off', '--upstream', gone, '--upstream', alive);
  await start('both dead', '--dht', 'off', '--upstream', gone, '--upstream', `tcp://${gone}`);
  await start('relay', '--dht', 'off', '--relay', relay.url, '--upstream', alive);
  writeFileSync(config, `[names]\nalice = "${k1}"\n`);
  await start('named', '--config', config, ...dht, '--upstream', alive);
  await start('workers', '--workers', '2', ...dht, '--upstream', alive);
});
after(async () => {
  for (const command of running.values()) await command.stop();
  await Promise.all([node.close(), network.close(), upstream.close(), nameServer?.close(), relay.close()]);
  rmSync(directory, { recursive: true });
});

async function start(name: string, ...words: readonly string[]): Promise<void> {
  const file = words.includes('--config') ? [] : ['--config', '/dev/null'];
  const common = ['--listen', '127.0.0.1:0', ...file, '--state-dir', stateDir(name)];
  const command = new RunningCommand(['serve', ...common, ...words], program);
  running.set(name, command);
  await command.printed(/Ready\./);
}

function stateDir(name: string): string {
  return join(directory, name.replace(' ', '-'));
}

/** The packet of each key, by its index. */
function packet(index: number) {
  const name = keys[index]?.publicKey.text ?? '';
  const zones: readonly (readonly ResourceRecord[])[] = [
    [
      aRecord(name, '192.0.2.1', 5),
      { ...aRecord(name, '192.0.2.2', 5), type: Type.TXT, rdata: text('hello') },
      aRecord(`lo.${name}`, '127.0.0.1', 5),
      cnameRecord(`pet.${name}`, 'x.alice.internal'),
    ],
    [cnameRecord(name, k3)],
    [cnameRecord(name, k4)],
    [cnameRecord(name, 'there.example')],
    [cnameRecord(name, `a.${k5}`), cnameRecord(`a.${k5}`, k5)],
    [
      { ...cnameRecord(`sub.${k6}`, `ns.sub.${k6}`), type: Type.NS },
      aRecord(`ns.sub.${k6}`, nameServerAddress),
    ],
    [{ ...cnameRecord(`sub.${k7}`, `ns.sub.${k7}`), type: Type.NS }, aRecord(`ns.sub.${k7}`, '127.0.0.81')],
  ];
  return signedPacket(keys[index] ?? testKey(1), now, zones[index]);
}

function text(words: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(words.length), Buffer.from(words)]);
}

function answerAsUpstream(query: ReceivedQuery): Uint8Array {
  const says = (code: number, words: string) => ({
    udpPayloadSize: 1232,
    version: 0,
    dnssecOk: false,
    options: [encodeExtendedError({ code, text: words })],
  });
  switch (query.name.toLowerCase()) {
    case 'none.example':
      return reply(query, { rcode: Rcode.NXDOMAIN });
    case 'refused.example':
      return reply(query, { rcode: Rcode.REFUSED });
    case 'failing.example':
      return reply(query, { rcode: Rcode.SERVFAIL });
    case 'bogus.example':
      return reply(query, { rcode: Rcode.SERVFAIL, edns: says(6, 'no valid signature for bogus.example') });
    case 'blocked.example':
      return reply(query, {
        ...{ rcode: Rcode.NXDOMAIN, edns: says(15, '') },
        authorities: [syntheticSoa(Name.parse('example'), 1, 60)],
      });
    case 'inside.example':
      return replyA(query, '192.168.1.1');
    case 'to-key.example':
      return reply(query, {
        rcode: Rcode.NXDOMAIN,
        answers: [{ ...cnameRecord('x', k1), name: query.question.name }],
      });
    default:
      return query.question.type === Type.A ? replyA(query, '192.0.2.7') : reply(query);
  }
}

/** What is asked, of which program. */
const situations: readonly (readonly [title: string, program: string, ...words: string[]])[] = [
  ['a key from the DHT', 'main', k1],
  ['the same again: from the cache of answers', 'main', k1],
  ['another type of it: from the packet in memory', 'main', k1, 'TXT'],
  ['a key behind its suffix', 'main', `${k1}.key`],
  ['an alias over three keys into an ordinary name', 'main', k2],
  ['an ordinary name whose alias ends at a key', 'main', 'to-key.example'],
  ['a loop of aliases', 'main', k5],
  ['a delegation', 'main', `www.sub.${k6}`],
  ['a delegation to a name server that does not answer', 'main', `www.sub.${k7}`],
  ['a name that the packet does not have', 'main', `nowhere.${k1}`],
  ['a key without a packet', 'main', k8],
  ['a text that is no key', 'main', notKey],
  ['a petname', 'named', 'alice.internal'],
  ['a petname, from the cache', 'named', 'alice.internal'],
  ['a petname that nobody gave', 'named', 'bob.internal'],
  ['a name that the key of a petname does not have', 'named', 'www.alice.internal'],
  ['an alias to a petname', 'named', `pet.${k1}`],
  ['a loopback address of a key', 'named', `lo.${k1}`],
  ['a loopback address of a key, from the cache', 'named', `lo.${k1}`],
  ['a key before a search domain', 'main', `${k1}.corp.example`],
  ['a name of the hosts file', 'main', 'printer.example'],
  ['localhost', 'main', 'localhost'],
  ['a special name without a route', 'main', 'printer.local'],
  ['an ordinary name', 'main', 'there.example', 'AAAA'],
  ['an ordinary name with a route', 'main', 'www.routed.example'],
  ['an ordinary name with a route, from the cache', 'main', 'www.routed.example'],
  ['a name that does not exist', 'main', 'none.example'],
  ['a name without such records', 'main', 'there.example', 'MX'],
  ['an upstream that refuses', 'main', 'refused.example'],
  ['an upstream that fails', 'main', 'failing.example'],
  ['an upstream that blocks', 'main', 'blocked.example'],
  ['an upstream that blocks, from the cache', 'main', 'blocked.example'],
  ['a domain with wrong signatures', 'main', 'bogus.example'],
  ['a domain with wrong signatures, from the cache', 'main', 'bogus.example'],
  ['rebinding', 'main', 'inside.example'],
  ['rebinding, from the cache', 'main', 'inside.example'],
  ['the address of a name server, backwards', 'main', '-x', '127.0.0.1'],
  ['one upstream is dead', 'one dead', 'there.example'],
  ['both upstreams are dead', 'both dead', 'there.example'],
  ['both upstreams are dead, again', 'both dead', 'there.example'],
  ['a key by a relay', 'relay', k1],
  ['a key without the DHT, of which the relay has a wrong packet', 'relay', k2],
  ['a key, with several processes', 'workers', k1],
  ['another resolver', '@', 'there.example'],
  ['another resolver that does not have the name', '@', 'none.example'],
];

const ask = (name: string, ...words: readonly string[]) =>
  pkarrd(
    ['query', ...words, '--explain', '--state-dir', stateDir(name)].map((word) =>
      word === '@' ? `@127.0.0.1:${upstream.port}` : word,
    ),
    program,
  );

test('the way of an answer is told in sentences, for every situation', async () => {
  const parts: string[] = [];
  for (const [title, name, ...words] of situations) {
    if (cannotListen !== undefined && words[0] === `www.sub.${k6}`) continue;
    const { out, err } = await ask(name === '@' ? 'main' : name, ...(name === '@' ? ['@'] : []), ...words);
    parts.push(`# ${title}\n\n${settled(out + err)}`);
  }
  compare('way', parts.join('\n'));
});

test('a packet from disk, and one that nobody confirms any more, are told as that', async () => {
  await start('first', ...bootstrapWords(), '--minimum-packet-ttl', '5');
  assert.match((await ask('first', k1)).out, /192\.0\.2\.1/);
  await running.get('first')?.stop();
  cpSync(stateDir('first'), stateDir('second'), { recursive: true });
  await start('second', '--dht', 'off', '--upstream', `127.0.0.1:${upstream.port}`);
  const stored = `# a key from the store on disk\n\n${settled((await ask('second', k1, 'TXT')).out)}`;
  await start('third', '--dht', 'off', '--relay', `http://127.0.0.1:${dead.port}`);
  await running.get('third')?.stop();
  cpSync(stateDir('first'), stateDir('third'), { recursive: true });
  await start('third', '--dht', 'off', '--relay', `http://127.0.0.1:${dead.port}`);
  const there = ['--state-dir', stateDir('third')];
  assert.match((await ask('third', k1)).out, /192\.0\.2\.1/);
  // Then it is to be looked up again, and nobody is there.
  await pkarrd(['flush', k1, ...there], program);
  const { out } = await ask('third', k1, 'TXT');
  const stale = `# a key whose packet nobody confirms\n\n${settled(out).replace(/^.* The cache of answers .*\n/m, '')}`;
  compare('store', `${stored}\n${stale}`);
});

function bootstrapWords(): readonly string[] {
  return network.bootstrap.flatMap(({ host, port }) => ['--bootstrap', `${host}:${port}`]);
}

/** The output without what differs from run to run: keys, ports, times, and how many nodes were faster. */
function settled(output: string): string {
  let shown = output
    // The lines of a sentence, together again.
    .replace(/\n; {12}(?=\S)/g, ' ')
    .replace(/\n; {3}(?=\S)(?!\d)/g, ' ');
  for (const [index, { publicKey }] of keys.entries()) {
    const key = publicKey.text;
    shown = shown
      .replaceAll(key, `KEY${index + 1}`)
      .replaceAll(`${key.slice(0, 8)}…${key.slice(-4)}`, `KEY${index + 1}`);
  }
  return (
    shown
      .replaceAll(`127.0.0.1:${upstream.port}`, 'UPSTREAM')
      .replaceAll(`127.0.0.1:${dead.port}`, 'DEAD')
      .replaceAll(relay.url, 'RELAY')
      .replace(/127\.0\.0\.1:\d{4,5}/g, 'NODE')
      .replace(/^; +\d+(?:\.\d)? ms/gm, ';   TIME')
      .replace(/\b\d+(?:\.\d)? ms/g, 'TIME')
      .replace(/\b(?:\d+ (?:d|h|min|s)(?: |\b))+/g, (text) => (text.endsWith(' ') ? 'TIME ' : 'TIME'))
      .replaceAll('for less than a second more', 'for another TIME')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'DATE')
      .replace(/^((?:; )?\S+) \d+ IN /gm, '$1 TTL IN ')
      .replace(/(SOA(?: \S+){2}) .*$/gm, '$1 …')
      .replace(/By then \d+ nodes? had answered, (?:all )?/g, 'By then N nodes had answered, all ')
      .replace(/(?<=all with (?:this packet|none)), and \d+ did not answer/g, '')
      // A machine that is busy asks a second time.
      .replace(/^.* was asked once more, .*\n/gm, '')
  );
}

/** Compares a section of the file of texts with what was printed, or writes it. */
function compare(section: string, printed: string): void {
  const mark = `=== ${section} ===\n`;
  const held = readFileSync(texts, { encoding: 'utf8', flag: 'a+' });
  const sections = held.split(/^(?==== \w+ ===\n)/m).filter((part) => part !== '');
  const known = sections.find((part) => part.startsWith(mark));
  if (mustWrite) {
    const others = sections.filter((part) => !part.startsWith(mark));
    writeFileSync(texts, [...others, `${mark}${printed}`].join(''));
    return;
  }
  assert.equal(`${mark}${printed}`, known);
}
