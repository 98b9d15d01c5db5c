import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { countCpu, type Server, versionOf } from './process.ts';

/** One run of the generator against one server. */
export interface Run {
  readonly completed: number;
  readonly lost: number;
  readonly perSecond: number;
  /** Mean latency in milliseconds, measured by the generator. */
  readonly latency: number;
  /** CPU time of the server for an answer, in microseconds. */
  readonly cpuPerAnswer: number;
  /** Latencies in milliseconds, in order of arrival, if they were requested. */
  readonly latencies: readonly number[];
}

/** Options of the generator. */
export interface Load {
  /** A file of lines `NAME TYPE`. */
  readonly file: string;
  /** Seconds, or number of passes through the file. */
  readonly limit: { readonly seconds: number } | { readonly times: number };
  readonly clients: number;
  readonly outstanding: number;
  readonly tcp?: boolean;
  /** Maximum queries a second. */
  readonly rate?: number;
  /** Whether to record the latency of each answer, which costs the generator time. */
  readonly each?: boolean;
}

/** The version of the generator. Throws an error that says what to install if it is missing. */
export function generatorVersion(): string {
  const version = versionOf('dnsperf', '-h');
  if (version === undefined) throw new Error('dnsperf is missing: apt-get install dnsperf');
  return version;
}

/** Runs the generator once. */
export async function dnsperf(server: Server, load: Load): Promise<Run> {
  const limit =
    'seconds' in load.limit ? ['-l', String(load.limit.seconds)] : ['-n', String(load.limit.times)];
  const words = [
    ...['-s', server.host, '-p', String(server.port), '-d', load.file, '-T', '1', ...limit],
    ...['-c', String(load.clients), '-q', String(load.outstanding)],
    ...(load.tcp ? ['-m', 'tcp'] : []),
    ...(load.rate === undefined ? [] : ['-Q', String(load.rate)]),
    ...(load.each ? ['-v'] : []),
  ];
  const used = countCpu(server.pid);
  const stdout = await outputOf('dnsperf', words, `${load.file}.out`);
  const seconds = used();
  const completed = numberAfter(stdout, 'Queries completed:');
  return {
    completed,
    lost: numberAfter(stdout, 'Queries lost:'),
    perSecond: numberAfter(stdout, 'Queries per second:'),
    latency: numberAfter(stdout, 'Average Latency (s):') * 1000,
    cpuPerAnswer: (seconds / completed) * 1e6,
    // Lines such as `> NOERROR n1.bench.example A 0.000123`.
    latencies: load.each
      ? Array.from(stdout.matchAll(/^> \S+ \S+ \S+ ([\d.]+)$/gm), ([, seconds]) => Number(seconds) * 1000)
      : [],
  };
}

/** The output of a program, through a file, so that reading it takes no CPU time during the measurement. */
async function outputOf(command: string, words: readonly string[], file: string): Promise<string> {
  const descriptor = openSync(file, 'w');
  try {
    const child = spawn(command, words, { stdio: ['ignore', descriptor, 'inherit'] });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`${command} ended with ${code}`);
  } finally {
    closeSync(descriptor);
  }
  return readFileSync(file, 'utf8');
}

function numberAfter(text: string, label: string): number {
  const at = text.indexOf(label);
  const value = Number.parseFloat(text.slice(at + label.length).trim());
  if (at < 0 || Number.isNaN(value)) throw new Error(`dnsperf did not print "${label}"`);
  return value;
}
