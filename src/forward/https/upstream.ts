import type { Clock } from '../../async/clock.ts';
import { EdnsFallback } from '../edns-fallback.ts';
import { UpstreamFailure } from '../errors.ts';
import type { UpstreamOutcome, UpstreamReply } from '../reply.ts';
import { matchReply, noWrongReplies, type WrongReply } from '../reply-match.ts';
import { formQuery, QUERY_BLOCK_LENGTH } from '../request.ts';
import { once, readStreamReply, wholeReply } from '../stream/upstream.ts';
import type { TlsAuthorities } from '../tls/authorities.ts';
import { TlsClient } from '../tls/client.ts';
import { type Ask, TRY_MS, type Upstream } from '../upstream.ts';
import { withAge } from './reply.ts';
import { HttpsTransport } from './transport.ts';

export interface HttpsUpstreamOptions {
  readonly label: string;
  /** A numeric address: the connection goes there, whatever `host` is. */
  readonly address: string;
  readonly port: number;
  /** Whom the certificate must be valid for: a host name, or an address. */
  readonly host: string;
  /** Path of the URL, with its leading slash. */
  readonly path: string;
  readonly clock: Clock;
  readonly authorities: TlsAuthorities;
}

/** DNS over HTTPS (RFC 8484): POST over one HTTP/2 session. */
export class HttpsUpstream implements Upstream {
  readonly label: string;
  readonly isLossy = false;
  readonly wrongReplies: Record<WrongReply, number> = noWrongReplies();
  readonly #transport: HttpsTransport;
  readonly #edns: EdnsFallback;

  constructor({ label, address, port, host, path, clock, authorities }: HttpsUpstreamOptions) {
    this.label = label;
    this.#edns = new EdnsFallback(clock);
    const identity = { kind: 'name', name: host } as const;
    const client = new TlsClient({ address, port, host, identity, protocol: 'h2' }, authorities);
    const name = host.includes(':') ? `[${host}]` : host;
    this.#transport = new HttpsTransport({
      connect: () => client.connect(),
      forget: () => client.forget(),
      authority: port === 443 ? name : `${name}:${port}`,
      path,
      clock,
    });
  }

  /** @throws UpstreamFailure, or the reason of the cancellation. */
  async ask(ask: Ask): Promise<UpstreamReply> {
    const heard = once(ask.observer.heard);
    return wholeReply(await this.#edns.ask(0, (edns) => this.#ask(ask, edns, heard)));
  }

  quirks(): readonly string[] {
    return [
      ...(this.#edns.isBroken ? ['does not know EDNS'] : []),
      ...(this.#transport.refusesPost ? ['refuses several POST requests at once'] : []),
    ];
  }

  reset(): void {
    this.#edns.forget();
    this.#transport.reset();
  }

  close(): void {
    this.#transport.close();
  }

  #ask({ request, cancellation }: Ask, edns: boolean, heard: () => void): Promise<UpstreamOutcome> {
    // RFC 8484 §4.1: "DoH clients ... SHOULD use a DNS ID of 0 in every DNS request". The stream tells what answers
    // what, and id and question are compared all the same.
    const query = formQuery(request, { id: 0, edns, padTo: QUERY_BLOCK_LENGTH });
    return this.#transport.exchange<UpstreamOutcome>({
      body: query,
      timeoutMs: TRY_MS,
      cancellation,
      accept: ({ bytes, age }) => {
        const match = matchReply(query, request.questionEnd, bytes);
        if (match === 'bare-error') {
          heard();
          return 'bare-error';
        }
        if (match !== 'match' && match !== 'case') {
          this.wrongReplies[match] += 1;
          throw new UpstreamFailure('malformed', 'answered something else than what was asked');
        }
        const reply = readStreamReply(bytes, request, this.label);
        heard();
        return withAge(reply, age);
      },
    });
  }
}
