import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Type } from '../../src/dns/codes.ts';
import { startAppScene } from '../support/app-scene.ts';
import { a, reply } from '../support/scripted-upstream.ts';

// Runs in a network of its own whose resolver is 127.0.0.1: the whole program at port 53, and glibc that asks it for
// addresses of names nobody asked for before. Says as JSON what came of it. Argument: how many names.
const count = Number(process.argv[2]);
const scene = await startAppScene({ settings: { listen: [{ host: '127.0.0.1', port: 53 }] }, nodes: 1 });
const ipv6 = Uint8Array.from(Buffer.from('20010db8000000000000000000000001', 'hex'));
scene.upstream.script = (received) => {
  const isIpv6 = received.question.type === Type.AAAA;
  const record = isIpv6 ? { ...a(received), type: Type.AAAA, rdata: ipv6 } : a(received);
  return reply(received, { answers: [record] });
};
const getent = promisify(execFile);
let incomplete = 0;
const times: number[] = [];
/** The longest that the machine takes to run the program alone, for a name of the hosts file. */
let longestOfFile = 0;
for (let n = 0; n < count; n++) {
  if (n % 5 === 0) {
    const began = performance.now();
    await getent('getent', ['ahosts', 'localhost']);
    longestOfFile = Math.max(longestOfFile, performance.now() - began);
  }
  const startedAt = performance.now();
  const { stdout } = await getent('getent', ['ahosts', `host${n}.example`]).catch(() => ({ stdout: '' }));
  times.push(performance.now() - startedAt);
  if (!stdout.includes('192.0.2.1') || !stdout.includes('2001:db8::1')) incomplete++;
}
const asked = scene.upstream.received.length;
await scene.close();
process.stdout.write(
  `${JSON.stringify({ incomplete, slowest: Math.max(...times), longestOfFile, asked })}\n`,
);
