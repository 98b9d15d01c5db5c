import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { freePort } from './free-port.ts';
import { startScriptedUpstream } from './scripted-upstream.ts';
import type { TestCertificate } from './test-certificate.ts';

/** Other resolvers that support DNS over TLS and DNS over HTTPS, by the name of their Debian package. */
export const debianPeers = ['unbound', 'knot-resolver', 'dnsdist'] as const;
export type DebianPeer = (typeof debianPeers)[number];

const programs: Record<DebianPeer, readonly string[]> = {
  unbound: ['/usr/sbin/unbound'],
  'knot-resolver': ['/usr/sbin/kresd'],
  dnsdist: ['/usr/bin/dnsdist', '/usr/sbin/dnsdist'],
};

/** Why this peer cannot be used, for the test report; undefined if it can. */
export function whyAbsent(peer: DebianPeer): string | undefined {
  const isThere = programs[peer].some((path) => existsSync(path));
  return isThere ? undefined : `the Debian package ${peer} is not installed`;
}

/** A running peer that answers 192.0.2.1 to every A question below `example`. */
export interface RunningPeer extends AsyncDisposable {
  readonly tlsPort: number;
  readonly httpsPort: number;
}

/** Milliseconds for a peer to start. */
const START_MS = 20_000;
/** Milliseconds for one handshake: a port may be open before it is served. */
const ANSWER_MS = 2_000;

/** Starts a peer on 127.0.0.1 with this certificate, and waits until it answers there. */
export async function startDebianPeer(peer: DebianPeer, certificate: TestCertificate): Promise<RunningPeer> {
  const [tlsPort, httpsPort, plainPort] = [await freePort(), await freePort(), await freePort()];
  // What dnsdist does not answer by itself, as it does below own.example, takes another way through it.
  const backend = await startScriptedUpstream();
  const folder = await mkdtemp(join(tmpdir(), `${peer}-`));
  const configFile = join(folder, 'config');
  await writeFile(
    configFile,
    configurations[peer]({ certificate, tlsPort, httpsPort, plainPort, folder, backend: backend.spec }),
  );
  const program = programs[peer].find((path) => existsSync(path)) ?? peer;
  const child = spawn(program, argumentsOf(peer, configFile, folder), { cwd: folder });
  const said: string[] = [];
  child.stdout.on('data', (text) => said.push(String(text)));
  child.stderr.on('data', (text) => said.push(String(text)));
  const end = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await backend.close();
    await rm(folder, { recursive: true });
  };
  try {
    await Promise.all([accepts(tlsPort, [], child), accepts(httpsPort, ['h2'], child)]);
  } catch (error) {
    await end();
    throw new Error(`${peer} did not start: ${said.join('')}`, { cause: error });
  }
  return { tlsPort, httpsPort, [Symbol.asyncDispose]: end };
}

interface PeerSetup {
  readonly certificate: TestCertificate;
  readonly tlsPort: number;
  readonly httpsPort: number;
  readonly plainPort: number;
  readonly folder: string;
  readonly backend: string;
}

const configurations: Record<DebianPeer, (setup: PeerSetup) => string> = {
  unbound: ({ certificate, tlsPort, httpsPort, folder }) => `
server:
  username: ""
  chroot: ""
  directory: "${folder}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  interface: 127.0.0.1@${tlsPort}
  interface: 127.0.0.1@${httpsPort}
  tls-port: ${tlsPort}
  https-port: ${httpsPort}
  tls-service-key: "${certificate.keyFile}"
  tls-service-pem: "${certificate.certFile}"
  incoming-num-tcp: 20
  local-zone: "example." redirect
  local-data: "example. 300 A 192.0.2.1"
remote-control:
  control-enable: no
`,
  'knot-resolver': ({ certificate, tlsPort, httpsPort }) => `
net.listen('127.0.0.1', ${tlsPort}, { kind = 'tls' })
net.listen('127.0.0.1', ${httpsPort}, { kind = 'doh2' })
net.tls("${certificate.certFile}", "${certificate.keyFile}")
modules.unload('ta_update')
modules.unload('priming')
trust_anchors.remove('.')
net.tcp_pipeline(2000)
cache.size = 10 * MB
policy.add(policy.suffix(policy.ANSWER({ [kres.type.A] = { rdata = kres.str2ip('192.0.2.1'), ttl = 300 } }),
  policy.todnames({ 'example' })))
`,
  dnsdist: ({ certificate, tlsPort, httpsPort, plainPort, backend }) => `
setLocal('127.0.0.1:${plainPort}')
addTLSLocal('127.0.0.1:${tlsPort}', '${certificate.certFile}', '${certificate.keyFile}')
addDOHLocal('127.0.0.1:${httpsPort}', '${certificate.certFile}', '${certificate.keyFile}', '/dns-query')
addAction('own.example', SpoofAction('192.0.2.1'))
-- On a busy machine the backend may be late: it is never taken for dead, which a health check that is late would do, and no
-- query to it is given up. Over HTTPS it is asked over UDP.
setTCPRecvTimeout(30)
setUDPTimeout(30)
newServer({ address = '${backend}', tcpRecvTimeout = 30 }):setUp()
`,
};

function argumentsOf(peer: DebianPeer, configFile: string, folder: string): readonly string[] {
  switch (peer) {
    case 'unbound':
      return ['-d', '-p', '-c', configFile];
    case 'knot-resolver':
      return ['-n', '-q', '-c', configFile, folder];
    case 'dnsdist':
      return ['--supervised', '--disable-syslog', '-C', configFile];
  }
}

/** Resolves when a TLS handshake with this port succeeds. */
async function accepts(port: number, protocols: string[], child: ChildProcess): Promise<void> {
  for (const startedAt = performance.now(); performance.now() - startedAt < START_MS; ) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ALPNProtocols: protocols });
    try {
      await once(socket, 'secureConnect', { signal: AbortSignal.timeout(ANSWER_MS) });
      return;
    } catch {
      // Not yet: it is asked again.
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      socket.destroy();
    }
  }
  throw new Error('it did not listen in time');
}
