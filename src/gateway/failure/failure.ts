/**
 * Why a site is not shown. A closed list; each has a page of its own.
 *
 * About the request: `not-a-key`, `cross-site`, `old-browser`, `not-forwarded` (a method, or a form of a request, that is not
 * passed on), `service-worker`, `too-slow`, `busy`.
 * About what is published: `nothing-published`, `unusable-packet`, `no-address`, `not-offered` (the owner says so),
 * `not-compatible` (no way to reach it that we know), `loop`, `bad-target`, `clear-refused`, `address-refused`,
 * `no-host` (an address that no machine has), `port-refused`.
 * About the server: `wrong-key`, `raw-key`, `tls-refused`, `tls-version`, `tls`, `down`, `silent`, `bad-reply`.
 * About this machine and its resolvers: `offline`, `lookup-failed`, `lookup-timeout`, `internal`.
 */
export const failureKinds = [
  'not-a-key',
  'cross-site',
  'old-browser',
  'not-forwarded',
  'service-worker',
  'too-slow',
  'busy',
  'nothing-published',
  'unusable-packet',
  'no-address',
  'not-offered',
  'not-compatible',
  'loop',
  'bad-target',
  'clear-refused',
  'address-refused',
  'no-host',
  'port-refused',
  'wrong-key',
  'raw-key',
  'tls-refused',
  'tls-version',
  'tls',
  'down',
  'silent',
  'bad-reply',
  'offline',
  'lookup-failed',
  'lookup-timeout',
  'internal',
] as const;

/** One of `failureKinds`. */
export type FailureKind = (typeof failureKinds)[number];

/** A site is not shown: why, and a detail for people: an address, a key, a name. */
export class GatewayFailure extends Error {
  override readonly name = 'GatewayFailure';
  readonly kind: FailureKind;
  readonly detail: string | undefined;

  constructor(kind: FailureKind, detail?: string, options?: { readonly cause?: unknown }) {
    super(detail === undefined ? kind : `${kind}: ${detail}`, options);
    this.kind = kind;
    this.detail = detail;
  }
}

/**
 * The failure to tell of when several ways to a site failed: the first that is most telling. A server that answered tells
 * more than one that did not.
 */
export function mostTelling(failures: readonly GatewayFailure[]): GatewayFailure | undefined {
  const rank = ({ kind }: GatewayFailure) => telling.indexOf(kind);
  return failures.reduce<GatewayFailure | undefined>(
    (best, failure) => (best === undefined || rank(failure) > rank(best) ? failure : best),
    undefined,
  );
}

/** From the least telling on. Those that are not listed are the least telling. */
const telling: readonly FailureKind[] = [
  'offline',
  'no-address',
  'no-host',
  'silent',
  'down',
  'port-refused',
  'address-refused',
  'tls',
  'tls-version',
  'tls-refused',
  'raw-key',
  'wrong-key',
];
