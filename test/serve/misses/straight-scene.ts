import assert from 'node:assert/strict';
import { ordinaryLayers } from '../../../src/app/ordinary-layers.ts';
import { AnswerCache } from '../../../src/cache/answer-cache.ts';
import { defaultSettings } from '../../../src/config/settings.ts';
import { Type } from '../../../src/dns/codes.ts';
import { encodeMessage } from '../../../src/dns/message.ts';
import { Protocol } from '../../../src/dns/protocol.ts';
import { createForwarder, type Forwarder, type ForwarderOptions } from '../../../src/forward/forwarder.ts';
import { parseUpstream } from '../../../src/forward/spec/upstream-spec.ts';
import { TlsAuthorities } from '../../../src/forward/tls/authorities.ts';
import { recordsAnswer } from '../../../src/resolve/answer.ts';
import { completeAliases } from '../../../src/resolve/complete-alias.ts';
import { forwardResolver } from '../../../src/resolve/forward-resolver.ts';
import type { Resolver } from '../../../src/resolve/query.ts';
import { createRouter } from '../../../src/resolve/router.ts';
import { SearchDomains } from '../../../src/resolve/special/stray-keys.ts';
import { answerSuffixes, isKeyName } from '../../../src/resolve/special/suffix.ts';
import { type StraightWay, straightWay } from '../../../src/resolve/straight-way.ts';
import { everybody } from '../../../src/serve/clients/access-list.ts';
import { unlimited } from '../../../src/serve/clients/rate-limit.ts';
import { Responder, type ResponderParts } from '../../../src/serve/responder.ts';
import { query } from '../../support/dns-client.ts';
import { type EncryptedServer, startHttpsServer, startTlsServer } from '../../support/encrypted-upstream.ts';
import { MovableClock } from '../../support/movable-clock.ts';
import { aRecord } from '../../support/packets.ts';
import {
  answerAll,
  type ReceivedQuery,
  type Script,
  type ScriptedUpstream,
  startScriptedUpstream,
} from '../../support/scripted-upstream.ts';
import type { TestCertificate } from '../../support/test-certificate.ts';

/** What all upstreams of scenes have in common. */
export type SceneUpstream = Pick<ScriptedUpstream, 'spec' | 'received' | 'close'> & { script: Script };

/** A responder with all that stands between it and an upstream of its own. */
export interface MissScene<Upstream extends SceneUpstream = ScriptedUpstream> extends AsyncDisposable {
  readonly responder: Responder;
  readonly cache: AnswerCache;
  readonly forwarder: Forwarder;
  readonly upstream: Upstream;
  /** Of the forwarder. It stands still unless the test moves it, so no timeout is up. */
  readonly clock: MovableClock;
  /** Questions that went the straight way. */
  readonly taken: () => number;
  ask(request: Uint8Array, protocol?: Protocol): Promise<Buffer>;
}

/** How a scene differs from others. */
export interface MissSceneOptions {
  /** `full` for none on the straight way. */
  readonly way: 'straight' | 'full';
  readonly script?: Script;
  readonly rebindingProtection?: boolean;
  readonly forwarding?: Partial<ForwarderOptions>;
  readonly parts?: Partial<ResponderParts>;
}

/** A scene with an upstream over UDP that is known to be healthy. */
export async function missScene(options: MissSceneOptions): Promise<MissScene> {
  return await missSceneWith(await startScriptedUpstream(), options);
}

/** The same over TLS or HTTPS. */
export async function encryptedMissScene(
  over: 'TLS' | 'HTTPS',
  { pem, certificate }: { readonly pem: string; readonly certificate: TestCertificate },
  options: MissSceneOptions,
): Promise<MissScene<EncryptedUpstream>> {
  const authorities = TlsAuthorities.parse(pem);
  return await missSceneWith(await startEncryptedUpstream(over, certificate), {
    ...options,
    forwarding: { authorities, ...options.forwarding },
  });
}

/** An upstream over TLS or HTTPS that does what its script says. */
export interface EncryptedUpstream extends SceneUpstream {
  readonly server: EncryptedServer;
}

async function startEncryptedUpstream(
  over: 'TLS' | 'HTTPS',
  certificate: TestCertificate,
): Promise<EncryptedUpstream> {
  const received: ReceivedQuery[] = [];
  const react = (query: ReceivedQuery & { send: (octets: Uint8Array) => void }, close: () => void): void => {
    received.push(query);
    const made = upstream.script(query) ?? [];
    const reactions = made instanceof Uint8Array ? [{ send: made }] : [made].flat();
    for (const reaction of reactions) {
      if ('close' in reaction) close();
      else query.send(reaction.send);
    }
  };
  const server =
    over === 'TLS'
      ? await startTlsServer(certificate, (query) => react(query, () => query.socket.destroy()))
      : await startHttpsServer(certificate, (query) => react(query, query.drop));
  const upstream: EncryptedUpstream = {
    ...{ server, received, script: answerAll },
    spec:
      over === 'TLS'
        ? `tls://127.0.0.1:${server.port}#dns.example`
        : `https://dns.example:${server.port}/dns-query@127.0.0.1`,
    close: async () => await server[Symbol.asyncDispose](),
  };
  return upstream;
}

async function missSceneWith<Upstream extends SceneUpstream>(
  upstream: Upstream,
  options: MissSceneOptions,
): Promise<MissScene<Upstream>> {
  const { way, script = answerAll, rebindingProtection = false, forwarding, parts } = options;
  const settings = {
    ...defaultSettings({ environment: {}, isRoot: false, home: '/nonexistent' }),
    rebindingProtection,
  };
  const { suffix, negativeTtl } = settings;
  const clock = new MovableClock();
  const forwarder = createForwarder({
    ...{ upstreams: [parseUpstream(upstream.spec)], fallback: [], routes: [], clock },
    ...forwarding,
  });
  const router: Resolver = answerSuffixes(suffix)(
    createRouter({
      pkarr: {
        resolve: async (key) => recordsAnswer({ answers: [aRecord(`${key}`, '192.0.2.200', 60)] }),
      },
      ordinary: { resolve: (asked, context) => ordinary.resolve(asked, context) },
      negativeTtl,
    }),
  );
  const completed = completeAliases({
    follow: router,
    isKeyName: (name) => isKeyName(name, suffix),
    shareUpstreams: (one, other) => forwarder.shareUpstreams(one, other),
  });
  const searchDomains = new SearchDomains({ clients: [], read: async () => [], now: () => 0 });
  const layers = ordinaryLayers(settings, forwarder, { searchDomains, hosts: undefined, portal: undefined });
  const ordinary = layers(completed(forwardResolver(forwarder)));
  let taken = 0;
  const straight = straightWay({ forwarder, checksAddresses: rebindingProtection });
  const counted: StraightWay = {
    ...straight,
    get size() {
      return straight.size;
    },
    ask(asked) {
      const isTaken = straight.ask(asked);
      if (isTaken) taken += 1;
      return isTaken;
    },
  };
  const cache = new AnswerCache({ maxBytes: 4_000_000, maxStale: 86_400, now: () => 1_000_000, seed: 1 });
  const responder = new Responder({
    ...{ resolver: router, cache, access: everybody, rate: unlimited, trustAuthenticData: true },
    ...(way === 'straight' && { straight: counted }),
    cameBackFrom: (asked, end) => forwarder.cameBackFrom(asked, end),
    onLoop: () => {},
    now: () => 1_000_000,
    onBug: (error) => assert.fail(error instanceof Error ? error : String(error)),
    ...parts,
  });
  const ask = (request: Uint8Array, protocol = Protocol.UDP): Promise<Buffer> =>
    new Promise((resolve) => {
      const path = { client: '127.0.0.1', protocol };
      assert.ok(responder.respond(request, path, (reply) => resolve(Buffer.from(reply))));
    });
  await ask(encodeMessage(query('warm.example', Type.A)));
  upstream.script = script;
  upstream.received.length = 0;
  return {
    ...{ responder, cache, forwarder, upstream, clock, ask, taken: () => taken },
    async [Symbol.asyncDispose]() {
      forwarder.close();
      await upstream.close();
    },
  };
}
