import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from '../../src/dns/codes.ts';
import { EdnsOptionCode } from '../../src/dns/edns.ts';
import { encodeMessage } from '../../src/dns/message.ts';
import { query } from '../../test/support/dns-client.ts';
import { countCpu, HOST, type Server, versionOf } from './process.ts';

/** A server, and its port for HTTPS. */
export interface HttpsServer {
  readonly server: Server;
  readonly port: number;
}

/** How the generator asks. */
export interface HttpsLoad {
  readonly method: 'GET' | 'POST';
  readonly sessions: number;
  /** Requests in flight on each session. */
  readonly inFlight: number;
  readonly requests: number;
  /** Requests a second on each session; as many as possible when undefined. */
  readonly rate?: number;
}

/** What came of a load. */
export interface HttpsRun {
  readonly perSecond: number;
  /** CPU time of the server for each request, in microseconds. */
  readonly cpuMicroseconds: number;
  readonly lost: number;
  /** Milliseconds from each request to its whole answer. */
  readonly latencies: readonly number[];
}

/** The name that is asked for. */
export const NAME = 'probe.bench.example';

/** A query of 128 octets, padded as browsers pad them; its answer is padded by those who do. */
export const paddedQuery = padded(128);

/** The version of the generator. @throws Error with how to install it. */
export function h2loadVersion(): string {
  const version = versionOf('h2load', '--version');
  if (version === undefined) throw new Error('h2load is missing: apt-get install nghttp2-client');
  return version;
}

/** Asks a server. `folder` is for what the generator reads and writes. */
export function h2load({ server, port }: HttpsServer, load: HttpsLoad, folder: string): HttpsRun {
  const { method, sessions, inFlight, requests, rate } = load;
  const [body, log] = [join(folder, 'query'), join(folder, 'log')];
  writeFileSync(body, paddedQuery);
  writeFileSync(log, '');
  const url = `https://${HOST}:${port}/dns-query`;
  const words = [
    ...['-c', String(sessions), '-m', String(inFlight), '-n', String(requests), `--log-file=${log}`],
    ...(rate === undefined ? [] : [`--rps=${rate}`]),
    ...['-H', 'accept: application/dns-message'],
    ...(method === 'GET'
      ? [`${url}?dns=${Buffer.from(paddedQuery).toString('base64url')}`]
      : ['-d', body, '-H', 'content-type: application/dns-message', url]),
  ];
  const used = countCpu(server.pid);
  const { stdout } = spawnSync('h2load', words, { encoding: 'utf8', timeout: 120_000 });
  const seconds = used();
  const succeeded = Number(/status codes: (\d+) 2xx/.exec(stdout)?.[1] ?? 0);
  // Lines of the time, the status, and the microseconds.
  const rows = readFileSync(log, 'latin1').split('\n').filter(Boolean);
  return {
    perSecond: Number(/, ([\d.]+) req\/s/.exec(stdout)?.[1]),
    cpuMicroseconds: (seconds / succeeded) * 1e6,
    lost: requests - succeeded,
    latencies: rows.map((row) => Number(row.split('\t')[2]) / 1_000),
  };
}

/** A query that is filled to `octets` with the padding option (RFC 7830). */
function padded(octets: number): Uint8Array {
  const of = (padding: number) =>
    encodeMessage(
      query(NAME, Type.A, {
        id: 0,
        edns: {
          ...{ udpPayloadSize: 1232, version: 0, dnssecOk: false },
          options: [{ code: EdnsOptionCode.PADDING, data: new Uint8Array(padding) }],
        },
      }),
    );
  return of(octets - of(0).length);
}
