import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Terminal } from '../../src/cli/command.ts';
import { noLivingLine } from '../../src/cli/living-line.ts';
import { run } from '../../src/cli/run.ts';
import { Class, Rcode, Type } from '../../src/dns/codes.ts';
import { Name } from '../../src/dns/name.ts';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { startHttpsServer, startTlsServer } from '../support/encrypted-upstream.ts';
import { onEachProgram } from '../support/programs.ts';
import { a, reply, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { TestAuthority } from '../support/test-certificate.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-query-'));
let upstream: Awaited<ReturnType<typeof startScriptedUpstream>>;

before(async () => {
  upstream = await startScriptedUpstream({
    script: (query) => {
      const { type, name } = query.question;
      if (query.name.toLowerCase() === 'none.example') return reply(query, { rcode: Rcode.NXDOMAIN });
      if (type === Type.A) return reply(query, { answers: [a(query, '192.0.2.7'), a(query, '192.0.2.8')] });
      if (type !== Type.PTR) return reply(query);
      const rdata = Name.parse('host.example').toWire();
      return reply(query, { answers: [{ name, type, class: Class.IN, ttl: 60, rdata }] });
    },
  });
});
after(async () => {
  await upstream.close();
  rmSync(directory, { recursive: true });
});

onEachProgram((options) => {
  const stateDir = join(directory, basename(options.program.at(-1) ?? ''));
  let serving: RunningCommand;
  before(async () => {
    const words = ['--listen', '127.0.0.1:0', '--dht', 'off', '--config', '/dev/null'];
    const upstreams = ['--upstream', `127.0.0.1:${upstream.port}`, '--state-dir', stateDir];
    serving = new RunningCommand(['serve', ...words, ...upstreams], options);
    await serving.printed(/Ready\./);
  });
  after(() => serving.stop());

  const query = (...words: string[]) => pkarrd(['query', ...words, '--state-dir', stateDir], options);

  test('several types are asked one after another, and all must have records', async () => {
    const { code, out } = await query('there.example', 'A', 'MX');
    assert.equal(code, 1);
    const [first, second, summary, third] = out.split('\n');
    assert.match(first ?? '', /^there\.example\. \d+ IN A 192\.0\.2\.7$/);
    assert.match(second ?? '', /^there\.example\. \d+ IN A 192\.0\.2\.8$/);
    assert.match(summary ?? '', /^; NOERROR, not from the cache, /);
    assert.match(third ?? '', /^; NOERROR: there are no MX records \(NODATA\), /);
    const { results: both } = JSON.parse((await query('there.example', 'A', 'MX', '--json')).out);
    assert.deepEqual(
      both.map(({ question }: { question: { type: string } }) => question.type),
      ['A', 'MX'],
    );
  });

  test('--short prints the data alone, and says on standard error what is wrong', async () => {
    const found = await query('there.example', '--short');
    assert.deepEqual([found.out, found.err], ['192.0.2.7\n192.0.2.8\n', '']);
    const none = await query('none.example', '--short');
    assert.deepEqual([none.code, none.out, none.err], [1, '', 'NXDOMAIN: the name does not exist.\n']);
  });

  test('-x asks for the name of an address', async () => {
    assert.equal((await query('-x', '9.9.9.9', '--short')).out, 'host.example.\n');
    assert.equal((await query('--reverse', '127.0.0.1', '--short')).out, 'localhost.\n');
    const { code, err } = await query('-x', 'example.com');
    assert.deepEqual([code, err.split('\n')[0]], [2, 'pkarrd: -x: "example.com" is not an IP address.']);
  });

  test('@SERVER is asked itself, over UDP, TCP, TLS and HTTPS, by address and by name', async () => {
    await using authority = await TestAuthority.create();
    const certificate = await authority.issue({ names: 'IP:127.0.0.1' });
    await using tls = await startTlsServer(certificate, (asked) =>
      asked.send(reply(asked, { answers: [a(asked, '192.0.2.11')] })),
    );
    await using https = await startHttpsServer(certificate, (asked) =>
      asked.send(reply(asked, { answers: [a(asked, '192.0.2.12')] })),
    );
    const ca = join(directory, 'ca.pem');
    writeFileSync(ca, authority.pem);
    const servers = [
      [`127.0.0.1:${upstream.port}`, '192.0.2.7\n192.0.2.8\n'],
      [`tcp://127.0.0.1:${upstream.port}`, '192.0.2.7\n192.0.2.8\n'],
      [`localhost:${upstream.port}`, '192.0.2.7\n192.0.2.8\n'],
      [`tls://127.0.0.1:${tls.port}`, '192.0.2.11\n'],
      [`https://127.0.0.1:${https.port}/dns-query`, '192.0.2.12\n'],
    ];
    for (const [server, data] of servers) {
      const { out, err } = await query(`@${server}`, 'there.example', '--upstream-ca', ca, '--short');
      assert.deepEqual([out, err], [data, '']);
    }
    const shown = await query('there.example', `@127.0.0.1:${upstream.port}`);
    assert.match(shown.out, new RegExp(`^; NOERROR, from 127\\.0\\.0\\.1:${upstream.port}, `, 'm'));
  });

  test('a server that is none, does not answer or is not trusted is told in a sentence', async () => {
    const dead = await startScriptedUpstream();
    await dead.close();
    const silent = await query(`@127.0.0.1:${dead.port}`, 'there.example');
    assert.deepEqual(
      [silent.code, silent.err],
      [1, `pkarrd: No answer: 127.0.0.1:${dead.port} refuses connections.\n`],
    );
    for (const [words, sentence] of [
      [['@', 'there.example'], /the server behind @ is missing/],
      [['@127.0.0.1', '@127.0.0.2', 'there.example'], /only one @SERVER/],
      [['@9.9.9.9.9', 'there.example'], /9\.9\.9\.9\.9/],
      [['@127.0.0.1'], /NAME is missing/],
      [[''], /NAME is empty/],
    ] as const) {
      const { code, err } = await query(...words);
      assert.equal(code, 2);
      assert.match(err, sentence);
    }
  });

  test('on a terminal the answer is in colour and in columns, without NO_COLOR', async () => {
    assert.match(
      await onTerminal(stateDir, {}),
      /^\u001b\[1mthere\.example\.\u001b\[22m .*\u001b\[32m192\.0\.2\.7\u001b/,
    );
    const plain = await onTerminal(stateDir, { NO_COLOR: '1' });
    assert.match(plain, /^there\.example\. +\d+ IN A 192\.0\.2\.7\n/);
    assert.doesNotMatch(plain, /\u001b/);
  });

  test('that there are no such records is in yellow, that there is no such name in red', async () => {
    assert.match(
      await onTerminal(stateDir, {}, 'there.example', 'MX'),
      /\u001b\[33mNOERROR: there are no MX records \(NODATA\)\u001b\[39m/,
    );
    assert.match(
      await onTerminal(stateDir, {}, 'none.example'),
      /\u001b\[31mNXDOMAIN: the name does not exist\u001b\[39m/,
    );
  });
});

/** Runs the command in this process, as on a terminal. */
async function onTerminal(
  stateDir: string,
  environment: Readonly<Record<string, string>>,
  ...words: readonly string[]
): Promise<string> {
  let shown = '';
  const terminal: Terminal = {
    out: (text) => {
      shown += text;
    },
    err: () => {},
    outIsTerminal: true,
    line: noLivingLine,
    errIsTerminal: false,
    errIsJournal: false,
    machine: { environment, isRoot: false, home: undefined },
    now: () => 0,
  };
  const asked = words.length === 0 ? ['there.example'] : words;
  await run(['query', ...asked, '--state-dir', stateDir, '--config', '/dev/null'], terminal);
  return shown;
}
