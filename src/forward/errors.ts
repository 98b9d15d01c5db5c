/**
 * Why one try at one upstream failed. A closed list.
 *
 * - `timed-out`: no usable reply in time.
 * - `refused`: nobody listens at that address and port (ICMP port unreachable, TCP reset).
 * - `unreachable`: this machine could not send or connect to it.
 * - `untrusted`: its certificate does not prove that it is the intended server.
 * - `malformed`: the reply is not a valid DNS message, or answers another question.
 * - `truncated`: the answer is too long for UDP, and TCP failed.
 * - `spoofed`: too many wrong replies, or contradicting replies.
 * - `broken-connection`: it closed several connections without a reply.
 * - `overloaded`: too many queries are pending at this upstream.
 * - `no-sockets`: this machine has no more sockets, ports or memory for them. That says nothing of the upstream.
 * - `reset`: the network changed or the upstream was removed while the query was pending.
 */
export type UpstreamFailureKind =
  | 'timed-out'
  | 'refused'
  | 'unreachable'
  | 'untrusted'
  | 'malformed'
  | 'truncated'
  | 'spoofed'
  | 'broken-connection'
  | 'overloaded'
  | 'no-sockets'
  | 'reset';

/** The only error of asking one upstream, besides the reason of a cancellation. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
  readonly kind: UpstreamFailureKind;

  /** `message` is a clause about the upstream, for people: `did not answer`. */
  constructor(kind: UpstreamFailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/**
 * Why no upstream gave an answer. A closed list.
 *
 * - `no-upstreams`: there is none for this name.
 * - `timed-out`: no usable reply in time.
 * - `network`: every upstream refused, is unreachable, or is not trusted.
 * - `malformed-replies`: there were replies, and none could be parsed or trusted.
 * - `truncated`: the answer needs TCP, and TCP failed.
 * - `overloaded`: too many queries are in flight, or the machine has no sockets for more.
 * - `closed`: the forwarder was closed.
 */
export type ForwardErrorKind =
  | 'no-upstreams'
  | 'timed-out'
  | 'network'
  | 'malformed-replies'
  | 'truncated'
  | 'overloaded'
  | 'closed';

/** Why one upstream failed for one question. */
export interface UpstreamReason {
  /** The upstream's label, for example `9.9.9.9`. */
  readonly upstream: string;
  readonly kind: UpstreamFailureKind;
  readonly text: string;
}

/** The only error of `Forwarder.forward`, besides the reason of a cancellation. */
export class ForwardError extends Error {
  override readonly name = 'ForwardError';
  readonly kind: ForwardErrorKind;
  /** The failure of each upstream, in order of time; empty if none was asked. */
  readonly reasons: readonly UpstreamReason[];

  constructor(kind: ForwardErrorKind, reasons: readonly UpstreamReason[] = []) {
    super(describe(kind, reasons));
    this.kind = kind;
    this.reasons = reasons;
  }
}

/** The failure of a question from the failures of its tries. */
export function forwardErrorOf(reasons: readonly UpstreamReason[]): ForwardError {
  const kinds = new Set(reasons.map((reason) => reason.kind));
  if (kinds.has('no-sockets') && kinds.size === 1) return new ForwardError('overloaded', reasons);
  if (kinds.has('truncated')) return new ForwardError('truncated', reasons);
  if (kinds.has('malformed') || kinds.has('spoofed')) return new ForwardError('malformed-replies', reasons);
  const networkOnly = reasons.every(({ kind }) => isOutOfReach(kind));
  if (reasons.length > 0 && networkOnly) return new ForwardError('network', reasons);
  return new ForwardError('timed-out', reasons);
}

/** Whether a failure of this kind concerns every question, until something changes. */
export function isOutOfReach(kind: UpstreamFailureKind): boolean {
  return kind === 'refused' || kind === 'unreachable' || kind === 'untrusted';
}

const sentences: Record<ForwardErrorKind, string> = {
  'no-upstreams': 'there is no upstream resolver',
  'timed-out': 'no upstream resolver answered in time',
  network: 'no upstream resolver could be reached',
  'malformed-replies': 'the replies of the upstream resolvers cannot be used',
  truncated: 'the answer is too long for UDP, and no upstream resolver gave it over TCP',
  overloaded: 'too many queries are waiting for upstream resolvers',
  closed: 'the forwarder is closed',
};

function describe(kind: ForwardErrorKind, reasons: readonly UpstreamReason[]): string {
  const details = reasons.map(({ upstream, text }) => `${upstream} ${text}`);
  return [sentences[kind], ...(details.length === 0 ? [] : [details.join(', ')])].join(': ');
}

/** Said of a server of DNS over HTTPS that has another protocol inside TLS. RFC 8484 §5.2 recommends no older one. */
export const noHttp2 = 'does not support HTTP/2, perhaps only HTTP/1.1';

/** The failure of an upstream for an error of its socket, from the system or from TLS. */
export function networkFailure(error: unknown): UpstreamFailure {
  if (error instanceof UpstreamFailure) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  // RFC 7301 §3.2: the server "SHALL respond with a fatal "no_application_protocol" alert".
  if (code.endsWith('NO_APPLICATION_PROTOCOL')) {
    return new UpstreamFailure('unreachable', noHttp2, { cause: error });
  }
  // OpenSSL cannot parse what it reads, or the server sent an alert.
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return new UpstreamFailure('unreachable', `failed the TLS handshake (${code})`, { cause: error });
  }
  switch (code) {
    case 'ECONNREFUSED':
      return new UpstreamFailure('refused', 'refuses connections', { cause: error });
    case 'ETIMEDOUT':
      return new UpstreamFailure('timed-out', 'did not answer', { cause: error });
    // Too many open files, of the process or of the system; no memory for buffers; every local port that was tried is used.
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOBUFS':
    case 'ENOMEM':
    case 'EADDRINUSE':
      return new UpstreamFailure(
        'no-sockets',
        `was not asked, because this machine has no free socket (${code})`,
        {
          cause: error,
        },
      );
    default:
      return new UpstreamFailure('unreachable', `cannot be reached (${code})`, { cause: error });
  }
}
