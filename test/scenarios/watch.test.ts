import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { PublicKey } from '../../src/pkarr/public-key.ts';
import { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';
import { onEachProgram } from '../support/programs.ts';

const [alice, other] = [testKey(1), testKey(2)] as const;
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-watch-'));

/** What a relay has: by key, and nothing for those that are absent. */
const packets = new Map<string, SignedPacket>();
let relay: Server;
let relayUrl = '';
before(async () => {
  relay = createServer((request, response) => {
    const name = (request.url ?? '').slice(1);
    if (request.method === 'PUT') {
      buffer(request).then((payload) => {
        const verdict = SignedPacket.fromRelayPayload(PublicKey.fromLabel(name), payload);
        if (verdict.ok) packets.set(name, verdict.packet);
        response.writeHead(verdict.ok ? 204 : 400).end();
      });
      return;
    }
    const packet = packets.get(name);
    if (packet === undefined) response.writeHead(404).end();
    else response.writeHead(200).end(packet.toBytes().subarray(32));
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  relayUrl = `http://127.0.0.1:${(relay.address() as AddressInfo).port}`;
});
after(async () => {
  await new Promise((resolve) => relay.close(resolve));
  rmSync(directory, { recursive: true });
});

const now = () => Math.floor(Date.now() / 1000);
const put = (seconds: number, address: string, key = alice) =>
  packets.set(
    key.publicKey.text,
    signedPacket(key, seconds, [
      aRecord(key.publicKey.text, address),
      aRecord(`www.${key.publicKey}`, '192.0.2.99'),
    ]),
  );

onEachProgram((options) => {
  test('watch tells when a packet is found, changes and is gone, and history what it was', async () => {
    const state = mkdtempSync(join(directory, 'state-'));
    const log = join(state, 'events');
    const script = join(state, 'hook');
    writeFileSync(
      script,
      `#!/bin/sh\nread -r line\nprintf '%s %s %s\\n' "$PKARRD_EVENT" "$1" "$line" >> ${log}\n`,
      {
        mode: 0o755,
      },
    );
    const network = ['--dht', 'off', '--relay', relayUrl, '--state-dir', state];
    const serving = new RunningCommand(
      [
        ...['serve', '--listen', '127.0.0.1:0', '--config', '/dev/null', '--upstream', '127.0.0.1:9'],
        ...network,
      ],
      options,
    );
    await serving.printed(/Ready\./);
    const cli = (...words: readonly string[]) => pkarrd([...words, '--state-dir', state], options);
    await cli('name', 'add', 'alice', alice.publicKey.text);
    const empty = await cli('history', 'alice.internal');
    assert.equal(empty.code, 1);
    assert.match(empty.err, /There is no history of .*\. It begins with/);
    const { error } = JSON.parse((await cli('history', 'alice.internal', '--json')).out);
    assert.equal(empty.err, `pkarrd: ${error}\n`);

    packets.clear();
    const watching = new RunningCommand(
      [
        ...['watch', 'alice.internal', other.publicKey.text, '--every', '1'],
        ...network,
        '--exec',
        script,
        '--json',
      ],
      options,
    );
    try {
      await watching.printed(new RegExp(`${alice.publicKey}: No packet is published`));
      const begun = now();
      put(begun, '192.0.2.1');
      await watching.printed(
        /alice\.internal {2}found: the packet of .*, 2 records, \d+ bytes, held by 1 of 1 node /,
      );
      put(begun + 1, '192.0.2.2');
      await watching.printed(/alice\.internal {2}changed: the packet of .*, 1 record added, 1 removed/);
      put(begun - 2 * 86_400, '192.0.2.3', other);
      await watching.printed(new RegExp(`${other.publicKey} {2}found: `));
      packets.delete(alice.publicKey.text);
      await watching.printed(
        /alice\.internal {2}gone: .* is held by nobody: 1 node answered and have nothing/,
      );
      for (const deadline = Date.now() + 20_000; Date.now() < deadline; await sleep(50))
        if (existsSync(log) && readFileSync(log, 'utf8').includes('gone --json')) break;
    } finally {
      assert.equal((await watching.stop('SIGINT')).code, 0);
    }
    const events = readFileSync(log, 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const [, event, argument, json = ''] = /^(\S+) (\S+) (.*)$/.exec(line) ?? [];
        const value = JSON.parse(json);
        assert.deepEqual([value.event, argument], [event, '--json']);
        return { ...value, isAlice: value.key === alice.publicKey.text };
      });
    const ofAlice = events.filter(({ isAlice }) => isAlice);
    assert.deepEqual(
      ofAlice.map(({ event }) => event),
      ['found', 'changed', 'gone'],
    );
    assert.deepEqual([ofAlice[1].added.length, ofAlice[1].removed.length], [1, 1]);
    assert.equal(ofAlice[1].previousPacket.timestamp, ofAlice[0].timestamp);

    const text = await cli('history', 'alice.internal');
    assert.deepEqual([text.code, text.err], [0, '']);
    assert.match(
      text.out,
      /^; signed .* bytes\n; first seen here .*\n- .*192\.0\.2\.1\n\+ .*192\.0\.2\.2\n; signed .*\n; first seen here .*\n\+ .*192\.0\.2\.1\n\+ www\..*192\.0\.2\.99\n$/,
    );
    // A key without a name is kept because it was watched.
    const json = JSON.parse((await cli('history', other.publicKey.text, '--json')).out);
    assert.deepEqual([json.key, json.packets.length], [other.publicKey.text, 1]);
    await serving.stop();
  });

  test('the last packets of a zone that is kept published are its history, also after a restart', async () => {
    const state = mkdtempSync(join(directory, 'state-'));
    const key = (await pkarrd(['keygen', '--out', join(state, 'my.key')], options)).out.trim();
    const zone = join(state, 'my.zone');
    const config = join(state, 'pkarrd.toml');
    writeFileSync(zone, '@ 300 A 192.0.2.1\n');
    writeFileSync(config, '[[publish]]\nzone = "my.zone"\nkey = "my.key"\n');
    const start = async () => {
      const serving = new RunningCommand(
        [
          ...['serve', '--listen', '127.0.0.1:0', '--config', config, '--upstream', '127.0.0.1:9'],
          ...['--dht', 'off', '--relay', relayUrl, '--state-dir', state],
        ],
        options,
      );
      await serving.printed(/Ready\./);
      return serving;
    };
    const until = async (count: number) => {
      for (const deadline = Date.now() + 40_000; Date.now() < deadline; await sleep(100)) {
        const { out } = await pkarrd(['history', key, '--json', '--state-dir', state], options);
        const found = JSON.parse(out).packets ?? [];
        if (found.length === count) return found;
      }
      return assert.fail(`there are not ${count} packets`);
    };
    let serving = await start();
    await until(1);
    writeFileSync(zone, '@ 300 A 192.0.2.2\n');
    const found = await until(2);
    assert.match(found[0].added[0], /192\.0\.2\.2$/);
    assert.match(found[0].removed[0], /192\.0\.2\.1$/);
    await serving.stop();
    serving = await start();
    assert.deepEqual(await until(2), found);
    await serving.stop();
  });

  test('watch and resolve know a name that is only in a file, and say what they do not take', async () => {
    const state = mkdtempSync(join(directory, 'state-'));
    writeFileSync(join(state, 'names.toml'), `[names]\nalice = "${alice.publicKey}"\n`);
    put(now(), '192.0.2.1');
    const network = ['--dht', 'off', '--relay', relayUrl, '--state-dir', state];
    const resolved = await pkarrd(
      ['resolve', 'www.alice.internal', 'A', '--short', '--relay', relayUrl, '--state-dir', state],
      options,
    );
    assert.deepEqual([resolved.code, resolved.out], [0, '192.0.2.99\n']);
    for (const [words, code, said] of [
      [['watch'], 2, /KEY is missing/],
      [['watch', 'example.org'], 2, /is not a key/],
      [['watch', 'bob.internal'], 1, /"bob\.internal" is no name of a key here\. See: pkarrd name list/],
      [['watch', alice.publicKey.text, '--every', '0'], 2, /--every: "0" is not valid/],
      [['watch', alice.publicKey.text, '--exec'], 2, /--exec needs a value/],
      [['watch', alice.publicKey.text, '--exec', 'no-such-program-here'], 2, /it is in no directory of PATH/],
      [['history', 'bob.internal'], 1, /is no name of a key here/],
      [['history', alice.publicKey.text], 3, /pkarrd is not running/],
    ] as const) {
      const [command = '', ...rest] = words;
      const flags = command === 'history' ? ['--state-dir', state] : network;
      const ended = await pkarrd([command, ...flags, ...rest], options);
      assert.deepEqual([ended.code, ended.out], [code, ''], words.join(' '));
      assert.match(ended.err, said);
    }
    const watching = new RunningCommand(
      ['watch', `https://www.${alice.publicKey}/`, '--json', '--every', '1', ...network],
      options,
    );
    const [line] = await watching.printed(/^\{.*\}\n/);
    const event = JSON.parse(line);
    assert.deepEqual([event.event, event.key], ['found', alice.publicKey.text]);
    assert.equal((await watching.stop()).code, 0);
  });
});
