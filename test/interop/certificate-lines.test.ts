import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-certificate-lines-'));
after(() => rmSync(directory, { recursive: true }));

/** What `pkarrd certificate --json` tells. */
interface Told {
  readonly authorityFile: string;
  readonly settingLines: readonly string[];
  readonly clients: readonly { readonly program: string; readonly lines: readonly string[] }[];
}
const made = await pkarrd(['certificate', '--out', join(directory, 'tls'), '--json']);
const { authorityFile, settingLines, clients } = JSON.parse(made.out) as Told;

/** Ports of this test in the place of those in the lines. */
const ports = new Map([
  ['8443', await freePort()],
  ['853', await freePort()],
]);
/** The settings in a file, for a program that reaches nobody. */
const config = join(directory, 'pkarrd.toml');
const own = [
  'listen = "127.0.0.1:0"',
  'bootstrap = "127.0.0.1:9"',
  'upstream = "127.0.0.1:9"',
  'http = "off"',
];
const encrypted = settingLines.map((line) =>
  line.replace(/:(8443|853)"/, (_, port) => `:${ports.get(port)}"`),
);
// An address for curl, and one that another resolver takes from us: loopback it would not.
writeFileSync(join(directory, 'hosts'), '127.0.0.1 web.example\n93.184.215.14 site.example\n');
writeFileSync(
  config,
  [...own, `hosts = ${JSON.stringify(join(directory, 'hosts'))}`, ...encrypted, ''].join('\n'),
);

/** A line with the files and ports of this test, for a name that pkarrd answers by itself. */
function adapted(line: string): string {
  const isTls = !line.includes('https');
  return line
    .replaceAll('/usr/local/share/ca-certificates/pkarrd.crt', authorityFile)
    .replace(/(?<=@127\.0\.0\.1)(?: -p 8443)?(?= )/, ` -p ${ports.get(isTls ? '853' : '8443')}`)
    .replace(':8443/', `:${ports.get('8443')}/`)
    .replace(/\bKEY\b/, 'localhost');
}

const linesFor = (name: string) =>
  clients.find(({ program }) => program === name)?.lines ?? assert.fail(`nothing for ${name}`);
const isAbsent = (tool: string) => spawnSync(tool, ['-h']).error !== undefined && `${tool} is not installed`;
const shell = (line: string) => promisify(execFile)('sh', ['-c', line], { timeout: 20_000 });

describe('a program with the settings that "pkarrd certificate" prints', () => {
  let program: RunningCommand;
  before(async () => {
    program = new RunningCommand(['serve', '--config', config]);
    await program.printed(/Ready\./);
  });
  after(() => program.stop());

  test('resolves for curl with the line for it', { skip: isAbsent('curl') }, async () => {
    const web = createServer((_, response) => response.end('the site'));
    await once(web.listen(0, '127.0.0.1'), 'listening');
    try {
      const { port } = web.address() as AddressInfo;
      const line = linesFor('curl').join().replace('http://KEY/', `--silent http://web.example:${port}/`);
      assert.equal((await shell(adapted(line))).stdout, 'the site');
    } finally {
      web.close();
    }
  });

  test('is the upstream of another pkarrd with the line for it, and not with another pin', async () => {
    const [line = ''] = linesFor('Another pkarrd');
    const there = line.replace('127.0.0.1', `127.0.0.1:${ports.get('853')}`);
    const other = there.replace(/sha256\/../, 'sha256/AA');
    for (const [upstream, expected] of [
      [there, /^site\.example\.? .*93\.184\.215\.14$/m],
      [other, /its public key is sha256/],
    ] as const) {
      const file = join(directory, 'other.toml');
      const state = mkdtempSync(join(directory, 'state-'));
      writeFileSync(
        file,
        ['listen = "127.0.0.1:0"', 'bootstrap = "127.0.0.1:9"', 'http = "off"', upstream, ''].join('\n'),
      );
      const words = ['--config', file, '--state-dir', state];
      const second = new RunningCommand(['serve', ...words]);
      await second.printed(/Ready\./);
      const asked = await pkarrd(['query', 'site.example', 'A', '--state-dir', state]);
      const { out, err } = await second.stop();
      assert.match(asked.out + asked.err + out + err, expected);
    }
  });

  for (const tool of ['kdig', 'dig'])
    for (const line of linesFor(tool))
      test(`is asked with the line for ${tool}: ${line}`, { skip: isAbsent(tool) }, async () => {
        const { stdout } = await shell(adapted(line));
        assert.match(stdout, /status: NOERROR/);
        assert.match(stdout, /^localhost\.\s+\d+\s+IN\s+A\s+127\.0\.0\.1$/m);
        // With other authorities it is refused.
        const strict = adapted(line).replace(authorityFile, '/etc/ssl/certs/ca-certificates.crt');
        const refused = await shell(strict).catch((error: { stdout: string }) => error);
        assert.doesNotMatch(refused.stdout, /status: NOERROR/);
      });
});
