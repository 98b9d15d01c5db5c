import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pkarrd, RunningCommand } from '../support/command.ts';
import { freePort } from '../support/free-port.ts';
import { atTerminal, noTerminal } from '../support/terminal.ts';

test('the node that testnet prints listens on the port that was asked for, and a port in use is told as such', async () => {
  const port = String(await freePort());
  const testnet = new RunningCommand(['testnet', '--nodes', '3', '--port', port]);
  const [line] = await testnet.printed(/^.*\n/);
  assert.equal(line, `127.0.0.1:${port}\n`);
  const { code, out, err } = await pkarrd(['testnet', '--nodes', '3', '--port', port]);
  assert.deepEqual([code, out], [1, '']);
  assert.match(
    err,
    new RegExp(
      `^pkarrd: 127\\.0\\.0\\.1:${port} \\(udp\\) is in use by .* Choose another port with --port, .*\\.\n$`,
    ),
  );
  assert.equal((await testnet.stop('SIGINT')).code, 0);
});

test('a network for which there are too few descriptors ends with 1, and leaves nothing running', () => {
  const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
  const script = 'ulimit -n 48; exec "$0" "$1" testnet --nodes 200';
  const { status, stderr } = spawnSync('sh', ['-c', script, process.execPath, main], {
    encoding: 'utf8',
    timeout: 30_000,
    killSignal: 'SIGKILL',
  });
  assert.equal(status, 1, stderr);
  assert.match(
    stderr,
    /^pkarrd: There are too few file descriptors for 200 nodes: .* --nodes, or raise the limit of open files \(48\), .*\n$/,
  );
});

test('at a terminal a network that takes time says that it starts', { skip: noTerminal }, async () => {
  const main = fileURLToPath(new URL('../../program/main.js', import.meta.url));
  const { shown } = await atTerminal([process.execPath, main, 'testnet', '--nodes', '1000'], {
    typed: [[/Press Ctrl-C to stop\.\s/, '\u0003']],
  });
  assert.match(shown, /Starting 1,000 nodes (?:…|\.\.\.), \d+\.\d s.*127\.0\.0\.1:\d+\n/s);
});
