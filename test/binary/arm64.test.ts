import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { Rcode } from '../../src/dns/codes.ts';
import { askUdp, query, TcpClient } from '../support/dns-client.ts';
import { listeningPort } from '../support/listening-port.ts';

/** The one file for another processor, `dist/pkarrd-linux-aarch64`; .ci/full builds it. */
const { TEST_ARM64_BINARY: binary } = process.env;
const emulator = ['qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'] as const;
const options = {
  skip:
    (binary === undefined && '.ci/full builds the one file for arm64') ||
    (spawnSync(emulator[0], ['--version']).error !== undefined && 'needs qemu-user-static'),
};

const directory = mkdtempSync(join(tmpdir(), 'pkarrd-arm64-'));
after(() => rmSync(directory, { recursive: true }));

test('the one file that was built for arm64 answers over UDP and TCP', options, async () => {
  const [program, ...words] = [...emulator, binary ?? '', 'serve', '--state-dir', directory];
  words.push('--listen', '127.0.0.1:0', '--bootstrap', '127.0.0.1:9', '--upstream', '127.0.0.1:9');
  const child = spawn(program, words, { env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  try {
    const address = { host: '127.0.0.1', port: await listeningPort(child.stderr) };
    assert.equal((await askUdp(address, query('localhost'))).rcode, Rcode.NOERROR);
    const client = new TcpClient(address);
    client.send(query('localhost'));
    assert.equal((await client.next())?.rcode, Rcode.NOERROR);
    client.socket.destroy();
  } finally {
    child.kill('SIGTERM');
  }
  assert.deepEqual(await ended, [0, null]);
});
