import type { FailureCounts } from '../../gateway/failure/failure-counts.ts';
import { LookupError } from '../../gateway/lookups.ts';
import { exposition, mediaTypes } from '../../observe/metrics/exposition.ts';
import { processFigures } from '../../system/process/figures.ts';
import { runtimeText } from '../../system/process/runtime.ts';
import type { Calls } from '../calls/calls.ts';
import type { RemoteCalls } from '../calls/remote-calls.ts';
import type { RequestCounts } from '../routing/request-counts.ts';
import { type Reply, respond } from '../routing/respond.ts';
import type { Access, Route } from '../routing/route.ts';
import { acceptedFormat } from './accepted-format.ts';

/** Whoever may send queries; a person may open them by a link, and no page of another origin may load them. */
const access: Access = { elsewhere: 'links', clients: 'allow-from' };

/** Milliseconds within which the main thread says how it does. Kubernetes and others give up after one second. */
const PATIENCE = 900;

/**
 * `/metrics` for Prometheus and its relatives; `/healthz`, whether the program does anything at all, and `/readyz`, whether it
 * answers questions. The text is made in this thread: that of DNS only hands over its counters.
 */
export function metricsRoutes(
  calls: Pick<RemoteCalls<Calls>, 'ask'>,
  { requests, failures }: { readonly requests: RequestCounts; readonly failures: FailureCounts },
): readonly Route[] {
  return [
    {
      path: '/metrics',
      methods: ['GET', 'HEAD'],
      access,
      async handle({ request, response, signal }) {
        const program = await calls.ask('metrics', undefined, signal);
        const measured = {
          program,
          http: { requests: requests.snapshot(), gatewayFailures: failures.snapshot() },
          process: await processFigures(program.workers?.pids ?? []),
          runtime: runtimeText,
        };
        const format = acceptedFormat(request.headers.accept);
        respond(response, {
          status: 200,
          headers: { 'content-type': mediaTypes[format], vary: 'accept' },
          body: exposition(measured, format),
        });
      },
    },
    health('/healthz', async (signal) => {
      await calls.ask('health', undefined, signal);
      return { status: 200, body: 'pkarrd runs.\n' };
    }),
    health('/readyz', async (signal) =>
      (await calls.ask('readiness', undefined, signal))
        ? { status: 200, body: 'pkarrd answers questions.\n' }
        : { status: 503, body: 'pkarrd does not answer a question that it asked itself.\n' },
    ),
  ];
}

function health(path: string, look: (signal: AbortSignal) => Promise<Reply>): Route {
  return {
    path,
    methods: ['GET', 'HEAD'],
    access,
    async handle({ response, signal }) {
      const late = AbortSignal.timeout(PATIENCE);
      respond(
        response,
        await look(AbortSignal.any([signal, late])).catch((error: unknown): Reply => {
          if (!late.aborted && !(error instanceof LookupError)) throw error;
          return { status: 503, body: 'pkarrd is too busy to say how it does.\n' };
        }),
      );
    },
  };
}
