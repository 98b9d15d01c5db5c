import { AnswerCache } from '../../../src/cache/answer-cache.ts';
import { Rcode } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import { syntheticSoa } from '../../../src/dns/soa.ts';
import { type Answer, recordsAnswer } from '../../../src/resolve/answer.ts';
import { ResolveError } from '../../../src/resolve/errors.ts';
import type { Query } from '../../../src/resolve/query.ts';
import { parseCertificate } from '../../../src/serve/certificate/certificate.ts';
import { HeldCertificate } from '../../../src/serve/certificate/current-certificate.ts';
import { everybody } from '../../../src/serve/clients/access-list.ts';
import { unlimited } from '../../../src/serve/clients/rate-limit.ts';
import { HttpsConnections, openDoh } from '../../../src/serve/https/https-listener.ts';
import { Responder, type ResponderParts } from '../../../src/serve/responder.ts';
import { TcpConnections } from '../../../src/serve/tcp/connections.ts';
import { TcpListener } from '../../../src/serve/tcp/listener.ts';
import { Handshakes } from '../../../src/serve/tls/handshakes.ts';
import type { HttpServerAddress } from '../../support/http-client.ts';
import { aRecord } from '../../support/packets.ts';
import { TestAuthority, type TestCertificate } from '../../support/test-certificate.ts';

/** A certificate as the program reads it. */
export function parsed({ cert, key }: TestCertificate) {
  return parseCertificate({ path: 'cert', text: cert }, { path: 'key', text: key });
}

/** DNS over HTTPS with TLS and without, and over TCP, in front of one responder. */
export interface DohScene {
  readonly https: HttpServerAddress;
  readonly plain: HttpServerAddress;
  readonly tcp: HttpServerAddress;
  readonly authority: TestAuthority;
  readonly certificate: HeldCertificate;
  /** The clock of the answers, in milliseconds. */
  readonly clock: { time: number };
  /** What would have been logged as an internal error. */
  readonly bugs: unknown[];
  /** What releases the answers for names that begin with `slow`. */
  readonly held: (() => void)[];
  close(): Promise<void>;
}

/** Starts it; `parts` override those of the responder. */
export async function startDohScene(parts: Partial<ResponderParts> = {}): Promise<DohScene> {
  const authority = await TestAuthority.create();
  const certificate = new HeldCertificate();
  certificate.set(parsed(await authority.issue({ names: 'DNS:localhost,IP:127.0.0.1,DNS:*.wild.example' })));
  const clock = { time: 1_000_000 };
  const now = () => clock.time;
  const bugs: unknown[] = [];
  const onBug = (error: unknown) => bugs.push(error);
  const held: (() => void)[] = [];
  const responder = new Responder({
    resolver: { resolve: (asked) => resolve(asked, held) },
    cache: new AnswerCache({ maxBytes: 4_000_000, maxStale: 86_400, now }),
    access: everybody,
    rate: unlimited,
    cameBackFrom: () => undefined,
    onLoop: () => {},
    trustAuthenticData: true,
    now,
    onBug,
    ...parts,
  });
  const place = { host: '127.0.0.1', port: 0 };
  const open = {
    responder,
    certificate,
    connections: new HttpsConnections(),
    handshakes: new Handshakes(),
    onBug,
  };
  const listeners = [
    await openDoh('https', place, open),
    await openDoh('https-plain', place, open),
    await TcpListener.open(place, new TcpConnections(responder)),
  ];
  const [https, plain, tcp] = listeners.map(({ port }) => ({ host: '127.0.0.1', port }));
  return {
    https: { ...(https as HttpServerAddress), ca: authority.pem },
    plain: plain as HttpServerAddress,
    tcp: tcp as HttpServerAddress,
    ...{ authority, certificate, clock, bugs, held },
    async close() {
      for (const listener of listeners) await listener.stop();
      await authority[Symbol.asyncDispose]();
    },
  };
}

/** One address; many for `large`, none for `nothing` and `failing`, a thrown error for `broken`. */
function resolve({ question: { name, type } }: Query, held: (() => void)[]): Promise<Answer> {
  const owner = name.toString();
  const record = (address: string, ttl: number) => ({ ...aRecord(owner, address, ttl), type });
  const few = recordsAnswer({ answers: [record('192.0.2.1', 60), record('192.0.2.2', 3_600)] });
  switch (name.labels[0]) {
    case 'large':
      return Promise.resolve(
        recordsAnswer({
          answers: Array.from({ length: 3_000 }, (_, i) => record(`192.0.${i >> 8}.${i & 255}`, 60 + i)),
        }),
      );
    case 'nothing':
      return Promise.resolve(
        recordsAnswer({
          rcode: Rcode.NXDOMAIN,
          authorities: [syntheticSoa(Name.parse('example.'), 1, 30)],
        }),
      );
    case 'comment':
      return Promise.resolve(
        recordsAnswer({ answers: [record('192.0.2.1', 60)], extendedErrors: [{ code: 0, text: 'why' }] }),
      );
    case 'failing':
      return Promise.reject(new ResolveError('upstream-malformed', 'The reply is malformed.'));
    case 'broken':
      return Promise.reject(new TypeError('a bug'));
    case 'slow':
      return new Promise((settle) => held.push(() => settle(few)));
    default:
      return Promise.resolve(few);
  }
}
