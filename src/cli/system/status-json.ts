import type { AppStatus } from '../../app/status.ts';
import type { HistogramSnapshot } from '../../observe/metrics/histogram.ts';

/** The status for `--json`: durations have their unit in the name, and points in time are dates (ISO 8601, UTC). */
export function statusToJson(status: AppStatus) {
  const { uptime, loopDelay, traffic, forwarder, certificate, configuration, ...rest } = status;
  const durations = Object.entries(traffic.durations).map(([source, of]) => [source, histogramToJson(of)]);
  return {
    ...rest,
    uptimeSeconds: uptime,
    ...(certificate !== undefined && {
      certificate: { ...certificate, notAfter: dateOf(certificate.notAfter) },
    }),
    ...(configuration !== undefined && { configuration: configurationToJson(configuration) }),
    forwarder: {
      ...forwarder,
      upstreams: forwarder.upstreams.map((upstream) => ({
        ...upstream,
        durations: histogramToJson(upstream.durations),
      })),
    },
    traffic: { ...traffic, durations: Object.fromEntries(durations) },
    loopDelay: histogramToJson(loopDelay),
  };
}

function configurationToJson({ acceptedAt, ...rest }: NonNullable<AppStatus['configuration']>) {
  return { ...rest, ...(acceptedAt !== undefined && { acceptedAt: dateOf(acceptedAt) }) };
}

/** The sum in milliseconds: in seconds, the three decimals of JSON would hide the µs of cached answers. */
function histogramToJson({ counts, sum }: HistogramSnapshot) {
  return { counts, sumMs: sum * 1000 };
}

function dateOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
