import type { Name } from '../../dns/name.ts';
import type { HistogramSnapshot } from '../../observe/metrics/histogram.ts';
import type { UpstreamFailureKind } from '../errors.ts';
import type { WrongReply } from '../reply-match.ts';
import type { UpstreamState } from './health.ts';
import type { Member } from './member.ts';
import type { SelectionReason } from './next-upstream.ts';

/** A snapshot of one upstream. */
export interface UpstreamStatus {
  readonly label: string;
  readonly role: 'upstream' | 'fallback';
  /** Whether it is asked for names without a route; else it is asked for those of its routes alone. */
  readonly isDefault: boolean;
  readonly state: UpstreamState;
  /** Smoothed round trip in ms; undefined before the first reply. */
  readonly srttMs: number | undefined;
  /** Smoothed share of tries that gave a usable answer, 0 to 1. */
  readonly success: number;
  /** Tries since the start, probes included. */
  readonly asked: number;
  /** Tries that were answered, with any RCODE. */
  readonly answered: number;
  /** Tries that failed; those that were not waited for to the end are none. */
  readonly failed: number;
  /** From each try to its first reply. */
  readonly durations: HistogramSnapshot;
  /** Why it was last asked; undefined when it never was. */
  readonly lastWhy: SelectionReason | 'probe' | undefined;
  /** Time since its last reply, in ms. */
  readonly heardAgoMs: number | undefined;
  readonly lastFailure:
    | { readonly kind: UpstreamFailureKind; readonly text: string; readonly agoMs: number }
    | undefined;
  /** What it does not do as others do, as clauses: `does not support EDNS`. */
  readonly quirks: readonly string[];
  readonly wrongReplies: Readonly<Record<WrongReply, number>>;
}

/** A snapshot of a forwarder. */
export interface ForwarderStatus {
  readonly upstreams: readonly UpstreamStatus[];
  readonly routes: readonly {
    readonly domain: string;
    readonly upstreams: readonly string[];
    /** The link (interface) whose resolvers these are; absent for a route of the configuration. */
    readonly link?: string;
  }[];
  /** Which upstream is asked first for the next question without a route, and why. */
  readonly next: { readonly label: string; readonly why: SelectionReason } | undefined;
  /** Questions since the start. */
  readonly questions: number;
  /** Questions that no upstream answered; equal questions in flight count once. */
  readonly failures: number;
  /** Queries in flight. */
  readonly inFlight: number;
}

/** The input of `statusOf`. `now` is of the same clock as the health of the members. */
export interface StatusParts {
  readonly now: number;
  readonly members: readonly Member[];
  /** Those of the members that are asked for names without a route. */
  readonly defaults: readonly Member[];
  readonly next: { readonly member: Member | undefined; readonly why: SelectionReason } | undefined;
  readonly routes: readonly {
    readonly domain: Name;
    readonly members: readonly Member[];
    readonly link: string | undefined;
  }[];
  readonly counts: { readonly questions: number; readonly failures: number; readonly inFlight: number };
}

/** The status as a printable value. */
export function statusOf({ now, members, defaults, next, routes, counts }: StatusParts): ForwarderStatus {
  return {
    ...counts,
    upstreams: members.map((member) => upstreamStatus(member, defaults.includes(member), now)),
    routes: routes.map(({ domain, members: routed, link }) => ({
      domain: domain.toString(),
      upstreams: routed.map(({ upstream }) => upstream.label),
      ...(link === undefined ? {} : { link }),
    })),
    next: next?.member === undefined ? undefined : { label: next.member.upstream.label, why: next.why },
  };
}

function upstreamStatus(member: Member, isDefault: boolean, now: number): UpstreamStatus {
  const { health, upstream, isFallback, asked, answered, failed, durations, lastWhy } = member;
  const { lastFailure } = health;
  return {
    label: upstream.label,
    role: isFallback ? 'fallback' : 'upstream',
    isDefault,
    state: health.state(now),
    srttMs: health.srttMs,
    success: health.success,
    asked,
    answered,
    failed,
    durations,
    lastWhy,
    heardAgoMs: Number.isFinite(health.lastHeardAt) ? now - health.lastHeardAt : undefined,
    lastFailure: lastFailure && {
      kind: lastFailure.failure.kind,
      text: lastFailure.failure.message,
      agoMs: now - lastFailure.at,
    },
    quirks: upstream.quirks(),
    wrongReplies: { ...upstream.wrongReplies },
  };
}
