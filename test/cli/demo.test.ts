import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { firstZone, secondZone } from '../../src/cli/serve/demo/zones.ts';
import { encodePacketMessage } from '../../src/pkarr/packet-message.ts';
import { parseZoneFile } from '../../src/pkarr/zone/file/zone-file.ts';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { testKey } from '../support/packets.ts';
import { onEachProgram } from '../support/programs.ts';

const run = promisify(execFile);
const withDig = { skip: spawnSync('dig', ['-v']).error === undefined ? false : 'dig is not installed' };

/** What `demo --json` writes, as far as it is looked at. */
interface DemoJson {
  readonly address: string;
  readonly bootstrap: string;
  readonly keys: readonly [string, string];
  readonly results: readonly {
    readonly name: string;
    readonly isExpected: boolean;
    readonly protocol: string;
  }[];
}

test('the zones of the demo are good, and fit into packets', () => {
  const [first, second] = [testKey(1).publicKey, testKey(2).publicKey];
  for (const [zone, origin] of [
    [firstZone(second, { port: 65_535 }), first.name],
    [secondZone(), second.name],
  ] as const) {
    const { records, warnings } = parseZoneFile(zone, { origin });
    assert.deepEqual(warnings, []);
    assert.ok(encodePacketMessage(records).length <= 995);
  }
});

onEachProgram((options) => {
  test('demo --once asks itself, prints answers and dig lines, and ends with 0', async () => {
    const { code, out, err } = await pkarrd(['demo', '--once', '--listen', '127.0.0.1:0'], options);
    assert.equal(code, 0, out + err);
    assert.doesNotMatch(out, /NOT AS EXPECTED/);
    assert.match(out, /^ {2}\$ dig @127\.0\.0\.1 -p \d+ www\.[a-z0-9]{52} A\n {2}192\.0\.2\.80\n/m);
    assert.match(out, /\(\d[\d.]* ms, over TCP, because the answer over UDP was truncated\)/);
  });

  test('demo --json --once tells the same to programs', async () => {
    const { code, out } = await pkarrd(['demo', '--json', '--once', '--listen', '127.0.0.1:0'], options);
    const { results } = JSON.parse(out) as DemoJson;
    assert.equal(code, 0);
    assert.ok(results.length >= 20 && results.every(({ isExpected }) => isExpected));
  });
});

describe('a running demo, asked with dig', () => {
  let demo: RunningCommand;
  let port = '';
  let key = '';
  let other = '';
  let bootstrap = '';
  let milliseconds = Number.NaN;

  before(async () => {
    const startedAt = performance.now();
    demo = new RunningCommand(['demo', '--json', '--listen', '127.0.0.1:0']);
    const [, json = ''] = await demo.printed(/^(\{.*\n\})\n/s);
    milliseconds = performance.now() - startedAt;
    const told = JSON.parse(json) as DemoJson;
    port = told.address.split(':')[1] ?? '';
    bootstrap = told.bootstrap;
    [key, other] = told.keys;
  });

  after(async () => {
    const { code, err } = await demo.stop('SIGINT');
    assert.equal(code, 0, err);
  });

  async function dig(...words: string[]): Promise<string> {
    return (await run('dig', ['@127.0.0.1', '-p', port, '+time=5', '+tries=1', ...words])).stdout;
  }
  const short = async (...words: string[]) => (await dig('+short', ...words)).trim();

  test('it has asked itself everything, and so answers, within 15 s of its start', () => {
    assert.ok(milliseconds < 15_000, `${milliseconds} ms`);
  });

  test('every kind of record comes as it was published', withDig, async () => {
    const cases: readonly (readonly [name: string, type: string, expected: string | RegExp])[] = [
      [`www.${key}`, 'A', '192.0.2.80'],
      [`www.${key}`, 'AAAA', '2001:db8::80'],
      [key, 'TXT', '"This name is a public key." "Its owner signed this."'],
      [`long.${other}`, 'TXT', `"${'long '.repeat(40)}" "${'text '.repeat(40)}"`],
      [key, 'MX', `10 mail.${key}.`],
      [`_sip._udp.${key}`, 'SRV', `10 5 5060 mail.${key}.`],
      [key, 'HTTPS', new RegExp(`^1 site\\.${key}\\. port=\\d+$`)],
      [`svc.${key}`, 'HTTPS', `0 www.${other}.`],
      [key, 'CAA', '0 issue "ca.example.net"'],
      [`mail.${key}`, 'SSHFP', /^4 2 9F56[0-9A-F ]+$/],
      [`blog.${key}`, 'A', `www.${key}.\n192.0.2.80`],
      [`friend.${key}`, 'A', `www.${other}.\n203.0.113.80`],
      [`shop.${key}`, 'A', 'www.example.com.\n192.0.2.123'],
      [`page.old.${key}`, 'A', /^new\..*\npage\.new\..*\n192\.0\.2\.90$/],
      [`a.b.user.${key}`, 'A', '192.0.2.42'],
      [`data.${key}`, 'TYPE65400', '\\# 6 706B61727264'],
      ['www.example.com', 'A', '192.0.2.123'],
    ];
    await Promise.all(
      cases.map(async ([name, type, expected]) => {
        const answer = await short(name, type);
        if (typeof expected === 'string') assert.equal(answer, expected);
        else assert.match(answer, expected);
      }),
    );
  });

  test('NODATA, an empty non-terminal and NXDOMAIN each come with their SOA', withDig, async () => {
    for (const [name, type, status] of [
      [`www.${key}`, 'MX', 'NOERROR'],
      [`empty.${key}`, 'A', 'NOERROR'],
      [`nothing.${key}`, 'A', 'NXDOMAIN'],
    ] as const) {
      const text = await dig(name, type);
      assert.match(text, new RegExp(`status: ${status},`), name);
      assert.match(text, /ANSWER: 0, AUTHORITY: 1/, name);
      assert.match(text, new RegExp(`^${key}\\.\\s+\\d+\\s+IN\\s+SOA\\s`, 'm'), name);
    }
  });

  test('the case of the question comes back as it was asked', withDig, async () => {
    const upper = `WwW.${key.toUpperCase()}`;
    const text = await dig(upper, 'A');
    assert.ok(text.includes(`;${upper}.`));
    assert.ok(text.includes(`\n${upper}.`));
  });

  test('what has the shape of a key and is none is NXDOMAIN with an extended error', withDig, async () => {
    const alias = `${key.slice(0, -1)}${key.endsWith('y') ? 'b' : 'n'}`;
    for (const name of [alias, 'y'.repeat(52)]) {
      const text = await dig(`www.${name}`, 'A');
      assert.match(text, /status: NXDOMAIN,/);
      assert.match(text, /^; EDE: 0 \(Other\): \(Not a valid public key/m);
    }
  });

  test('ANY gets one RRset', withDig, async () => {
    const text = await dig('+notcp', key, 'ANY');
    assert.match(text, /status: NOERROR,.*\n.*ANSWER: 1,/);
  });

  test('over 512 bytes without EDNS is truncated over UDP and whole over TCP', withDig, async () => {
    const name = `many.${other}`;
    const truncated = await dig('+noedns', '+ignore', name, 'A');
    assert.match(truncated, /flags: qr (aa )?tc rd ra;/);
    assert.match(truncated, /ANSWER: 0,/);
    for (const how of ['+noedns', '+tcp', '+bufsize=1232']) {
      assert.match(await dig(how, name, 'A'), /ANSWER: 28,/, how);
    }
  });

  test('the keys of the demo can be resolved through its DHT', async () => {
    const { code, out } = await pkarrd(['resolve', key, '--bootstrap', bootstrap]);
    assert.equal(code, 0);
    assert.match(out, / TYPE65400 /);
  });

  test('its port is told as taken to a second demo', async () => {
    const { code, err } = await pkarrd(['demo', '--once', '--listen', `127.0.0.1:${port}`]);
    assert.equal(code, 1);
    assert.match(err, new RegExp(`pkarrd: 127\\.0\\.0\\.1:${port} \\(udp\\) is in use by .*--listen`));
  });
});

test('without a place for temporary files that is told, with what to do', async () => {
  const { code, err } = await pkarrd(['demo', '--once'], { environment: { TMPDIR: '/nonexistent' } });
  assert.equal(code, 1);
  assert.match(
    err,
    /^pkarrd: Cannot create a directory in \/nonexistent: there is no such directory\. Set TMPDIR .*\.\n$/m,
  );
});

test('an address that this machine does not have is told, with what to do', async () => {
  const { code, err } = await pkarrd(['demo', '--once', '--listen', '192.0.2.1:5400']);
  assert.equal(code, 1);
  assert.match(
    err,
    /^pkarrd: Cannot listen on 192\.0\.2\.1:5400: this machine does not have .* --listen\.\n$/m,
  );
});
