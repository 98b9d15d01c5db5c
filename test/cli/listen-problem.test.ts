import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listenProblem } from '../../src/cli/serve/listen-problem.ts';

const address = { host: '127.0.0.1', port: 53 };
const problem = (code: string, ...names: string[]) =>
  listenProblem({ protocol: 'udp', address, code, message: '127.0.0.1:53 (udp): strange' }, () =>
    names.map((name, index) => ({ pid: 100 + index, name })),
  );

test('the message says why, who holds the port, and what to do', () => {
  assert.match(
    problem('EADDRINUSE', 'dnsmasq'),
    /^127\.0\.0\.1:53 \(udp\) is in use by dnsmasq \(process 100\)\. Stop it, or/,
  );
  assert.match(problem('EADDRINUSE', 'systemd-resolve'), /DNSStubListenerExtra=/);
  assert.match(problem('EADDRINUSE', 'pkarrd'), /another pkarrd, stop it first/);
  assert.match(problem('EADDRINUSE', 'systemd', 'pkarrd'), /: systemctl stop pkarrd\.socket pkarrd$/);
  assert.match(problem('EADDRINUSE', 'a', 'b'), /in use by a \(process 100\) and b \(process 101\)\./);
  assert.match(problem('EADDRINUSE'), /in use by another program \(run as root to see which\)\./);
  assert.match(problem('EACCES'), /^Permission denied to listen on 127\.0\.0\.1:53 \(udp\)\./);
  assert.match(problem('EWHATEVER'), /strange/);
});
