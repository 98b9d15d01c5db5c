// Latency of cached answers while DNS over HTTPS is attacked: node dist/bench/attacks.js [NAME …]
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CROWD, floods, SLOWNESS } from '../test/attacks/https-attacks.ts';
import { TestAuthority } from '../test/support/test-certificate.ts';
import { calm, calmSentence } from './support/calm.ts';
import { dnsperf, generatorVersion } from './support/dnsperf.ts';
import { pkarrd, pkarrdBun } from './support/peers.ts';
import { HOST } from './support/process.ts';
import { sized } from './support/quick.ts';
import { fixed, machine, median, percentile, table } from './support/report.ts';
import { FIRST_PORT, names, withScene } from './support/scene.ts';

const NAMES = sized(1_000, 100);
const RATE = 1_000;
const ROUNDS = sized(3, 1);
const SECONDS = sized(1, 0.1);
/** Milliseconds for an attacker to start. */
const START = sized(300, 50);

/** What is measured beside the attacks: the machine with an attack on another server, by each. */
const IDLE = 'idle';
const attacks = [...Object.keys(floods({ host: HOST, port: 0 }, 1)), SLOWNESS, CROWD];
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !attacks.includes(name));
if (unknown.length > 0) {
  console.error(`Unknown attack: ${unknown.join(', ')}. Attacks: ${attacks.join(', ')}.`);
  process.exit(2);
}

const generator = generatorVersion();
const folder = mkdtempSync(join(tmpdir(), 'pkarrd-attacks-'));
const authority = await TestAuthority.create();
const authorityFile = join(folder, 'authority.pem');
writeFileSync(authorityFile, authority.pem);
const { certFile, keyFile } = await authority.issue({ names: `DNS:localhost,IP:${HOST}` });

const words = (index: number) => [
  ...['--https', `${HOST}:${httpsPort(index)}`, '--certificate', certFile, '--certificate-key', keyFile],
];
try {
  await withScene(
    async ({ servers, queries }) => {
      const file = queries('cached', names(NAMES));
      const load = { file, clients: 1, outstanding: 100, rate: RATE, each: true };
      for (const server of servers) await dnsperf(server, { ...load, rate: 10_000, limit: { times: 2 } });
      const runs = new Map<string, number[]>();
      let lost = 0;
      const kinds = [IDLE, ...(wanted.length > 0 ? wanted : sized(attacks, attacks.slice(0, 2)))];
      for (let round = 0; round < ROUNDS; round++) {
        for (const kind of kinds) {
          for (const [index, server] of servers.entries()) {
            for (const attacked of servers.keys()) {
              if (kind === IDLE && attacked !== index) continue;
              const run = await calm(async () => {
                const stop = kind === IDLE ? undefined : startAttack(kind, httpsPort(attacked));
                await sleep(START);
                const result = await dnsperf(server, { ...load, limit: { seconds: SECONDS } });
                await stop?.();
                return result;
              });
              const key = `${kind} ${server.name} ${attacked === index}`;
              runs.set(key, [...(runs.get(key) ?? []), percentile(run.latencies, 0.99)]);
              lost += run.lost;
            }
          }
        }
      }
      const of = (kind: string, name: string, isAttacked: boolean) =>
        runs.get(`${kind} ${name} ${isAttacked}`) ?? [];
      const rows = servers.flatMap(({ name, version }) =>
        kinds.map((kind) => {
          const idle = of(IDLE, name, true);
          // Each round is compared by itself, since the load of the machine changes between rounds.
          const ratio = (p99: readonly number[]) =>
            fixed(median(p99.map((value, round) => value / (idle[round] ?? Number.NaN))), 2);
          const [own, other] = [of(kind, name, true), of(kind, name, false)];
          return [
            `${name} ${version}`,
            kind,
            fixed(median(own), 3),
            ratio(own),
            other.length > 0 ? fixed(median(other), 3) : '',
            other.length > 0 ? ratio(other) : '',
          ];
        }),
      );
      console.log('## Cached answers while DNS over HTTPS is attacked\n');
      console.log(
        `${machine()}; load average ${loadavg()[0]?.toFixed(1)}; dnsperf ${generator} and the attacker on the same machine, ${NAMES} names,`,
      );
      console.log(
        `${RATE} a second, ${ROUNDS} interleaved rounds of ${SECONDS} s, medians of the rounds; ${lost} queries lost in all. Each attack begins again`,
      );
      console.log(
        'as soon as it was ended. On the other one: the same attack on the other of the two, which shows what attacker and attacked',
      );
      console.log(`take of the two processors by themselves. ${calmSentence()}\n`);
      console.log(
        table(['program', 'attack', 'p99 ms', '× idle', 'on the other one, p99 ms', '× idle'], rows),
      );
    },
    [pkarrd(words(0)), pkarrdBun(words(1))],
    [],
  );
} finally {
  await authority[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
}

function httpsPort(index: number): number {
  return FIRST_PORT + 10 + index;
}

/** @returns what ends the attack. */
function startAttack(name: string, port: number): () => Promise<void> {
  const script = fileURLToPath(new URL('./support/attack.js', import.meta.url));
  const child = spawn(process.execPath, [script, name, String(port), authorityFile], { stdio: 'inherit' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return async () => {
    child.kill('SIGKILL');
    await ended;
    // What it has left behind is taken away.
    await sleep(START);
  };
}
