import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenProblem } from '../../src/cli/serve/listen-problem.ts';

const address = { host: '127.0.0.1', port: 53 };
const problem = (code: string, ...names: string[]) =>
  listenProblem({ protocol: 'udp', address, code, message: '127.0.0.1:53 (udp): strange' }, () =>
    names.map((name, index) => ({ pid: 100 + index, name })),
  );

test('the sentence fits the reason and whoever holds the port', () => {
  assert.match(
    problem('EADDRINUSE', 'dnsmasq'),
    /^127\.0\.0\.1:53 \(udp\) is taken by dnsmasq \(process 100\)\. Stop it, or/,
  );
  assert.match(problem('EADDRINUSE', 'systemd-resolve'), /DNSStubListenerExtra=/);
  assert.match(problem('EADDRINUSE', 'pkarrd'), /already running/);
  assert.match(problem('EADDRINUSE', 'a', 'b'), /taken by a \(process 100\) and b \(process 101\)\./);
  assert.match(problem('EADDRINUSE'), /taken by another program, which only root can name\./);
  assert.match(problem('EACCES'), /^This user may not listen on 127\.0\.0\.1:53 \(udp\)\./);
  assert.match(problem('EADDRNOTAVAIL'), /^This machine has no address 127\.0\.0\.1/);
  assert.match(problem('EWHATEVER'), /strange/);
});
