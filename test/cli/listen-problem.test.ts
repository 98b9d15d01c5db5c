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

test('of an address for encrypted DNS it names the flag of that, and the command which has systemd open it', () => {
  const at = (code: string, service: 'tls' | 'https' | 'https-plain') =>
    listenProblem(
      { protocol: 'tcp', address: { host: '192.168.1.2', port: 853, service }, code, message: '' },
      () => [{ pid: 100, name: 'stunnel' }],
    );
  assert.match(
    at('EADDRINUSE', 'tls'),
    /^tls:\/\/192\.168\.1\.2:853 .*such as --tls-listen 127\.0\.0\.1:8853\.$/,
  );
  assert.match(at('EACCES', 'tls'), /: sudo pkarrd install --tls-listen 192\.168\.1\.2:853$/);
  assert.match(at('EACCES', 'https'), /: sudo pkarrd install --https 192\.168\.1\.2:853$/);
  assert.match(at('EACCES', 'https-plain'), /Use a port from 1024 up with --https-plain\.$/);
});
