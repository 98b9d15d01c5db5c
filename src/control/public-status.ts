import { hostOnly } from '../app/host-only.ts';
import type { AppStatus } from '../app/status.ts';

/** What takes the place of a text that may tell a name, a path or a credential. */
const HIDDEN = 'run "pkarrd status" as root to see it';

/**
 * What every user of the machine may see: counts, and how the upstreams do. No text that was made of a query, no path of
 * a file, nothing of a URL but its host, since a path such as that of NextDNS says whose account it is, and not whose keys
 * are kept in the network.
 */
export function publicStatus({
  forwarder,
  publications,
  configuration,
  certificate,
  ...status
}: AppStatus): AppStatus {
  const { upstreams, routes, next, ...counts } = forwarder;
  return {
    ...status,
    ...(certificate !== undefined && {
      // It names a file.
      certificate: { ...certificate, ...(certificate.problem !== undefined && { problem: HIDDEN }) },
    }),
    ...(configuration !== undefined && {
      configuration: {
        ...configuration,
        // What is wrong may quote a value.
        problems: configuration.problems.map(({ where }) => ({ where, message: HIDDEN })),
      },
    }),
    forwarder: {
      ...counts,
      upstreams: upstreams.map(({ label, lastFailure, ...upstream }) => ({
        ...upstream,
        label: hostOnly(label),
        lastFailure: lastFailure && { ...lastFailure, text: lastFailure.kind },
      })),
      routes: routes.map((route) => ({ domain: route.domain, upstreams: route.upstreams.map(hostOnly) })),
      next: next && { ...next, label: hostOnly(next.label) },
    },
    publications: publications.map((publication, index) => {
      const { kind, state, isAdopted, problem, lastSuccess, nextInMs, lastError } = publication;
      return {
        ...{ kind, state, isAdopted },
        name: String(index + 1),
        ...(lastSuccess !== undefined && { lastSuccess }),
        ...(nextInMs !== undefined && { nextInMs }),
        ...(problem !== undefined && { problem: HIDDEN }),
        ...(lastError !== undefined && { lastError: { agoMs: lastError.agoMs, text: HIDDEN } }),
      };
    }),
  };
}
