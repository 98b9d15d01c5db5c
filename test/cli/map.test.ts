import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import bencode from 'bencode';
import { targetOf } from '../../src/bep44/target.ts';
import { mapOf } from '../../src/cli/ask/map/lookup-map.ts';
import { mapText } from '../../src/cli/ask/map/map-text.ts';
import type { SourceStep } from '../../src/find/lookup-step.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { parseZoneFile } from '../../src/pkarr/zone/file/zone-file.ts';
import { type LocalTestNetwork, startTestNetwork } from '../../src/testnet/test-network.ts';
import { fieldsOf } from '../mainline/support/items.ts';
import {
  compact,
  type Script,
  type ScriptedNode,
  startScriptedNode,
} from '../mainline/support/scripted-node.ts';
import { pkarrd } from '../support/command.ts';
import { testKey } from '../support/packets.ts';
import { programs } from '../support/programs.ts';
import { screenOf } from '../support/screen.ts';
import { atTerminal, noTerminal, type TerminalOptions } from '../support/terminal.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-map-'));
const pair = testKey(77);
const key = pair.publicKey.text;
const target = Buffer.from(targetOf(pair.publicKey.toBytes()));
const seconds = 1_790_000_000n;
/** What a terminal would obey: clear the screen, change the title, the C1 forms of both. */
const ESCAPES = '\u001b[2J\u001b]0;title\u0007\u009b2J\u0090';

function packetAt(at: bigint, zone: string): SignedPacket {
  const { records } = parseZoneFile(zone, { origin: pair.publicKey.name });
  return SignedPacket.sign(pair, records, at * 1_000_000n);
}

const newest = packetAt(seconds, '@ 60 TXT "\\027[2J\\007\\155x"\n@ 60 A 192.0.2.1\n');
const older = packetAt(seconds - 86_400n, '@ 60 A 192.0.2.2\n');

let network: LocalTestNetwork;
let guide: ScriptedNode;
const scripted = new Map<string, ScriptedNode>();

/** Nodes that a test plays, by what they do; besides them, there are twelve real ones, of which three are silent. */
const scripts: Readonly<Record<string, Script>> = {
  older: () => ({ token: Buffer.from('t'), ...fieldsOf(older.item) }),
  'without token': () => ({}),
  // It answers with another id than the one it is known by: exactly that of the key.
  forger: () => ({ id: target, token: Buffer.from(ESCAPES) }),
  // Something that the key did not sign, and something else in each place.
  invalid: () => ({
    token: Buffer.from(ESCAPES),
    ...fieldsOf(newest.item),
    v: Buffer.from(ESCAPES),
    ip: ESCAPES,
  }),
  refusing: ({ t }) => bencode.encode({ t, y: 'e', e: [201, ESCAPES] }),
  // Two hundred nodes that do not exist, nearer than anybody.
  boaster: () => ({
    token: Buffer.from('t'),
    nodes: compact(
      Array.from({ length: 200 }, (_, index) => ({
        id: Buffer.concat([target.subarray(0, 18), Buffer.from([index, index])]),
        host: '127.0.0.1',
        port: 1 + index,
      })),
    ),
  }),
};

before(async () => {
  network = await startTestNetwork({ nodes: 12, silentFraction: 0.25 });
  // A node does not put to itself.
  for (const node of network.nodes.slice(0, 2))
    await node.put(newest.item, { signal: AbortSignal.timeout(20_000) });
  for (const [name, script] of Object.entries(scripts)) scripted.set(name, await startScriptedNode(script));
  const real = await Promise.all(
    network.nodes.map(async (node, index) => ({
      id: (await node.status()).nodeId,
      ...(network.addresses[index] ?? assert.fail()),
    })),
  );
  guide = await startScriptedNode(() => ({ nodes: compact([...real, ...scripted.values()]) }));
});

after(async () => {
  for (const node of [guide, ...scripted.values()]) await node.close();
  await network.close();
  rmSync(directory, { recursive: true });
});

const addressOf = ({ host, port }: { readonly host: string; readonly port: number }) => `${host}:${port}`;
const nameOf = (name: string) => addressOf(scripted.get(name) ?? assert.fail(name));

/** The lines of the map on a screen, without the rows of nodes that do not exist. */
function rowOf(screen: readonly string[], address: string): string {
  return (
    screen.find((line) => line.includes(` ${address} `)) ?? assert.fail(`${address}\n${screen.join('\n')}`)
  );
}

for (const { name, words, skip } of programs) {
  const options = { skip: skip || noTerminal };
  const asked = [...words, 'resolve', '--map', key];
  const at = (more: readonly string[], rest: TerminalOptions = {}) =>
    atTerminal([...asked, ...more], {
      ...rest,
      environment: {
        STATE_DIRECTORY: join(directory, 'state'),
        LANG: 'C.UTF-8',
        NO_COLOR: '1',
        ...rest.environment,
      },
    });
  const inNetwork = () => ['--bootstrap', addressOf(guide)];

  test(
    `a map has the nearest nodes with what each of them said, and nothing that a terminal would obey, ${name}`,
    options,
    async () => {
      const { shown, code } = await at(inNetwork());
      assert.equal(code, 0, shown);
      // Throws where there is anything but the program's own.
      const screen = screenOf(shown);
      assert.ok(
        screen.some((line) => line.endsWith(' IN TXT "\\027[2J\\007\\155x"')),
        screen.join('\n'),
      );
      assert.match(
        rowOf(screen, nameOf('older')),
        / \d\.\d {3}127\.0\.0\.1:\d+ +[█▏▎▍▌▋▊▉]* +yes +◐ older, 2026-09-20T\d\d:\d\d:\d\dZ$/,
      );
      assert.match(rowOf(screen, nameOf('without token')), / no +○ nothing$/);
      assert.match(rowOf(screen, nameOf('forger')), / 160\.0 .* yes +○ nothing$/);
      assert.match(rowOf(screen, nameOf('invalid')), / yes +× invalid$/);
      assert.match(rowOf(screen, nameOf('refusing')), / × refused$/);
      const real = network.addresses.map((address) => rowOf(screen, addressOf(address)));
      assert.equal(real.filter((line) => / yes +● newest$/.test(line)).length, 9, screen.join('\n'));
      assert.equal(real.filter((line) => / · silent$/.test(line)).length, 3);
      const rows = screen.filter((line) => /^; +\d+\.\d[ !]/.test(line));
      assert.ok(rows.length < 30, `${rows.length} rows`);
      assert.ok(
        screen.some((line) => /^; +\d+ more +· silent$/.test(line)),
        screen.join('\n'),
      );
      const bits = rows.map((line) => Number(/[\d.]+/.exec(line)?.[0]));
      assert.deepEqual(
        bits,
        [...bits].sort((a, b) => b - a),
        'the nearest is at the top',
      );
      const text = screen.map((line) => line.replace(/^; ?/, '')).join(' ');
      assert.match(
        text,
        / 9 of the 15 nearest nodes that answered hold the newest packet, of 2026-09-2\dT[\d:]+Z; 1 holds an older one\. /,
      );
      for (const line of screen.slice(screen.indexOf(';'))) assert.ok(line.length < 80, line);
    },
  );

  test(
    `it fits a narrow terminal, is ASCII in a locale without UTF-8, and has colours only where they are wanted, ${name}`,
    options,
    async () => {
      for (const columns of [50, 35, 12]) {
        const { shown } = await at(inNetwork(), { columns });
        const drawn = screenOf(shown);
        const map = drawn.slice(drawn.indexOf(';') + 1);
        assert.ok(map.length > 18);
        for (const line of map) assert.ok(line.length < columns, `${columns}: ${line}`);
      }
      const ascii = await at(inNetwork(), { environment: { LANG: 'C' } });
      assert.doesNotMatch(ascii.shown, /[^\r\n\u001b -~]/);
      assert.match(rowOf(screenOf(ascii.shown), nameOf('older')), / #* +yes +\+ older, /);
      assert.doesNotMatch(ascii.shown, /\u001b\[\d+m/);
      const coloured = await at(inNetwork(), { environment: { NO_COLOR: '' } });
      assert.match(coloured.shown, /\u001b\[32m● newest\u001b\[39m/);
    },
  );

  test(`with --json it is an object with the same, ${name}`, options, async () => {
    const { out } = await pkarrd([...asked.slice(words.length), ...inNetwork(), '--json'], {
      program: words,
    });
    const { map, timestamp } = JSON.parse(out);
    const of = (node: string) => map.nearest.find(({ address }: { address: string }) => address === node);
    assert.equal(timestamp, String(newest.timestamp));
    assert.deepEqual(of(nameOf('forger')), {
      ...{ address: nameOf('forger'), sharedBits: 160, distanceLog2: -160, isIdSecure: true },
      ...{ says: 'nothing', isTokenGiven: true },
    });
    const old = of(nameOf('older'));
    assert.deepEqual([old.says, old.timestamp, old.isTokenGiven], ['older', String(older.timestamp), true]);
    assert.equal(of(nameOf('without token')).isTokenGiven, false);
    assert.deepEqual([map.nearestHeld, map.fartherHeld, map.relaysAsked], [9, 0, []]);
  });

  test(
    `a lookup that finds nothing draws who was asked in vain, and a relay has its line, ${name}`,
    options,
    async () => {
      const other = testKey(78).publicKey.text;
      const none = await pkarrd(['resolve', '--map', other, ...inNetwork()], { program: words });
      assert.deepEqual([none.code, none.out], [1, '']);
      assert.match(
        none.err,
        /^pkarrd: No packet is published under .*\n; +near +node .*\n(?:; .*\n)*; None of the \d+ nearest nodes/m,
      );
      const server = createServer((_, response) => response.end(Buffer.from(newest.toRelayPayload()))).listen(
        0,
        '127.0.0.1',
      );
      await once(server, 'listening');
      const { port } = Object(server.address());
      const { out } = await pkarrd(['resolve', '--map', key, '--relay', `http://127.0.0.1:${port}`], {
        program: words,
        environment: { LANG: 'C.UTF-8' },
      });
      server.close();
      assert.match(
        out,
        new RegExp(`\n; relay 127\\.0\\.0\\.1:${port}  ● newest\n; No node of the DHT was asked\\.\n$`),
      );
    },
  );
}

test('a map is bounded whatever nodes say, and ids that do not fit their addresses cannot push those that do out of it', () => {
  const node = (index: number, distance: number, isSecure: boolean): SourceStep => ({
    of: 'node',
    address: `192.0.2.${index % 256}:${index}`,
    found: { outcome: 'nothing', near: { sharedBits: Math.floor(-Math.log2(distance)), distance, isSecure } },
  });
  const asked = (index: number): SourceStep => ({
    of: 'node-asked',
    address: `198.51.100.1:${index}`,
    near: { sharedBits: 40, distance: 2 ** -41, isSecure: true },
  });
  const steps = [
    ...Array.from({ length: 150 }, (_, index) => node(index, 2 ** -30, false)),
    ...Array.from({ length: 60 }, (_, index) => asked(1000 + index)),
    ...Array.from({ length: 46 }, (_, index) => node(2000 + index, 2 ** -20 * (index + 1), true)),
    { of: 'relay-asked', label: 'relay' } as const,
    { of: 'relay', label: 'relay', found: { outcome: 'failed', text: ESCAPES } } as const,
    { of: 'network', nodes: 8_345_678 } as const,
  ];
  const map = mapOf(steps, 5n);
  const count = (isSecure: boolean, says: string) =>
    map.nodes.filter((one) => one.near.isSecure === isSecure && one.says === says).length;
  assert.deepEqual([count(true, 'nothing'), count(false, 'nothing'), count(true, 'silent')], [20, 20, 60]);
  const plain = (text: string) => text;
  const colours = { bold: plain, dim: plain, green: plain, cyan: plain, yellow: plain, red: plain };
  for (const width of [0, 1, 20, 80, 1000]) {
    const text = mapText(map, { width, isUtf8: true, colours });
    for (const line of text.split('\n')) {
      assert.doesNotMatch(line, /\p{Cc}/u);
      assert.ok([...line].length <= Math.max(3, width - 1), `${width}: ${line}`);
    }
    if (width >= 80) {
      assert.match(text, /^; {2}30\.0!/m);
      assert.match(text, /^; {15,}57 more +· silent$/m);
      assert.match(text, /^; !: the id does not fit the address/m);
      assert.match(text, /^; The DHT has about 8,300,000 nodes\.$/m);
      assert.match(text, /^; relay relay {2}× failed: \?\[2J\?\]0;title\?\?2J\?$/m);
    }
  }
});
