import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';

/** Why Debian's Prometheus and its tool cannot be used, for the test report; false if they can. */
export const prometheusIsMissing: string | false = ['/usr/bin/prometheus', '/usr/bin/promtool'].every(
  (path) => existsSync(path),
)
  ? false
  : 'the Debian package prometheus is not installed';

/** What `promtool` says, with this text as its input; empty when it finds nothing. @throws with what it found. */
export function promtool(words: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile('promtool', [...words], (error, out, err) => {
      if (error === null) resolve(out + err);
      else reject(new Error(`promtool ${words.join(' ')}: ${out}${err}`));
    });
    child.stdin?.end(input);
  });
}

/** A running Prometheus. */
export interface RunningPrometheus extends AsyncDisposable {
  /** The values of a query now, each with its labels. */
  query(
    expression: string,
  ): Promise<readonly { readonly labels: Readonly<Record<string, string>>; readonly value: number }[]>;
  /** Resolves when it has read the target so many times; throws what it says about a target that it cannot read. */
  scraped(times: number): Promise<void>;
}

/** Starts Prometheus on loopback, which reads `target` each `every` milliseconds, and waits as long, with these files of rules. */
export async function startPrometheus(
  target: string,
  ruleFiles: readonly string[] = [],
  every = 500,
): Promise<RunningPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'pkarrd-prometheus-'));
  const configuration = {
    global: { scrape_interval: `${every}ms`, evaluation_interval: `${every}ms` },
    rule_files: ruleFiles,
    scrape_configs: [{ job_name: 'pkarrd', static_configs: [{ targets: [target] }] }],
  };
  // JSON is YAML.
  await writeFile(join(folder, 'prometheus.yml'), JSON.stringify(configuration));
  const port = await freePort();
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  const api = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const { status, data, error } = (await response.json()) as Record<'status' | 'data' | 'error', unknown>;
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  };
  const query: RunningPrometheus['query'] = async (expression) => {
    const { result } = (await api(`query?query=${encodeURIComponent(expression)}`)) as {
      readonly result: readonly {
        readonly metric: Record<string, string>;
        readonly value: [number, string];
      }[];
    };
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  };
  return {
    query,
    async scraped(times) {
      for (const deadline = performance.now() + 30_000; performance.now() < deadline; await sleep(100)) {
        const [seen] = await query('count_over_time(up[1h])').catch(() => []);
        if ((seen?.value ?? 0) < times) continue;
        const { activeTargets } = (await api('targets')) as {
          readonly activeTargets: readonly { readonly health: string; readonly lastError: string }[];
        };
        for (const { health, lastError } of activeTargets) if (health !== 'up') throw new Error(lastError);
        return;
      }
      throw new Error('Prometheus does not read the target.');
    },
    async [Symbol.asyncDispose]() {
      await end(child);
      await rm(folder, { recursive: true });
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
