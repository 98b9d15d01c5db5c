import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { encodeMessage } from '../../src/dns/message.ts';
import { RunningCommand } from '../support/command.ts';
import { query, udpExchange } from '../support/dns-client.ts';
import { freePort } from '../support/free-port.ts';
import { testKey } from '../support/packets.ts';
import { prometheusIsMissing, type RunningPrometheus, startPrometheus } from '../support/prometheus.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { withDirectory } from './program.ts';

const alerts = fileURLToPath(new URL('../../../docs/monitoring/pkarrd-alerts.yml', import.meta.url));

/** Milliseconds between two looks of Prometheus, and those that it waits for what it reads. */
const EVERY = 1_000;

/** Milliseconds in which an alert has to fire or to be resolved; a failed query takes 4 s, and what is counted is that of 5 s. */
const PATIENCE = 45_000;

/** The alerts as they are, but for their times: whoever runs a test does not wait for minutes. */
function hurried(rules: string): string {
  return rules.replaceAll(/\[\d+m\]/g, '[5s]').replaceAll(/\bfor: \w+/g, 'for: 1s');
}

async function firing(prometheus: RunningPrometheus): Promise<readonly string[]> {
  const found = await prometheus.query('ALERTS{alertstate="firing"}');
  return found.map(({ labels }) => labels['alertname'] ?? '').sort();
}

/** Whether it has read the metrics a few times, and evaluated the rules. */
async function isWatched(prometheus: RunningPrometheus): Promise<boolean> {
  const [read] = await prometheus.query('sum_over_time(up[1h])').catch(() => []);
  return (read?.value ?? 0) >= 4;
}

/** Waits until the alerts that fire are as they should be. */
async function until(prometheus: RunningPrometheus, isAsExpected: (names: readonly string[]) => boolean) {
  let names = await firing(prometheus);
  for (const end = performance.now() + PATIENCE; !isAsExpected(names); names = await firing(prometheus)) {
    assert.ok(performance.now() < end, `firing: ${names.join(', ') || 'none'}`);
    await sleep(200);
  }
}

test(
  'Prometheus tells of an outage of upstream, of the DHT and of the program by the alerts for it, and that each is over',
  {
    skip: prometheusIsMissing,
  },
  () =>
    withDirectory(async (stateDir) => {
      const upstream = await startScriptedUpstream();
      const testnet = new RunningCommand(['testnet', '--nodes', '10']);
      const [bootstrap = ''] = await testnet.printed(/^127\.0\.0\.1:\d+(?=\n)/);
      const [port, http] = [await freePort(), `127.0.0.1:${await freePort()}`];
      const serve = async () => {
        const command = new RunningCommand([
          ...['serve', '--config', '/dev/null', '--listen', `127.0.0.1:${port}`, '--http', http],
          ...['--upstream', upstream.spec, '--bootstrap', bootstrap, '--relay', 'none'],
          ...['--dht-listen', '127.0.0.1', '--state-dir', stateDir],
        ]);
        await command.printed(/Ready\./);
        return command;
      };
      let serving = await serve();
      const rules = join(stateDir, 'alerts.yml');
      await writeFile(rules, hurried(await readFile(alerts, 'utf8')));
      // Programs ask, for names and for keys that nobody has asked for.
      let asked = 0;
      const asking = setInterval(() => {
        const name = asked++ % 5 === 0 ? testKey(asked).publicKey.text : `name-${asked}.example`;
        udpExchange({ host: '127.0.0.1', port }, encodeMessage(query(name)), 6_000).catch(() => undefined);
      }, 100);
      try {
        await using prometheus = await startPrometheus(http, [rules], EVERY);
        while (!(await isWatched(prometheus))) await sleep(200);
        await until(prometheus, (names) => names.length === 0);

        upstream.isBlackHole = true;
        testnet.child.kill('SIGSTOP');
        const ofOutage = ['PkarrdDhtAlone', 'PkarrdFails', 'PkarrdUpstreamDown'];
        await until(prometheus, (names) => ofOutage.every((name) => names.includes(name)));
        upstream.isBlackHole = false;
        testnet.child.kill('SIGCONT');
        await until(prometheus, (names) => names.length === 0);

        await serving.stop();
        await until(prometheus, (names) => names.includes('PkarrdDown'));
        serving = await serve();
        await until(prometheus, (names) => names.length === 0);
      } finally {
        clearInterval(asking);
        testnet.child.kill('SIGCONT');
        await Promise.all([serving.stop(), testnet.stop('SIGINT'), upstream.close()]);
      }
    }),
);
