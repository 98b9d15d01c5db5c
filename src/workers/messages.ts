import type { ListenAddress } from '../config/listen-address.ts';
import type { SettingTexts } from '../config/setting-texts.ts';
import type { InternalError } from '../observe/internal-error.ts';
import type { FrontStatus } from '../serve/front.ts';
import type { ListenFailure } from '../serve/told-listeners.ts';
import type { SystemUpstreams } from '../system/system-upstreams.ts';
import type { PacketCrossing } from './packet-proxy.ts';

/** Whether a worker listens. A type and no interface, as is every body that crosses: what is cloned has no methods. */
export type Started =
  | { readonly kind: 'listening'; readonly addresses: readonly ListenAddress[] }
  /** The parts of a ListenError. */
  | {
      readonly kind: 'refused';
      readonly protocol: 'udp' | 'tcp';
      readonly address: ListenAddress;
      readonly code: string;
      readonly message: string;
    };

/** A query as it came in, and the offset after its question. */
export type IncomingQuery = { readonly query: Uint8Array; readonly questionEnd: number };

/** What the network says of names: its resolvers, and the domains that programs put behind a name. */
export type NetworkResolvers = Readonly<Pick<SystemUpstreams, 'servers' | 'search'>>;

/** What a worker is asked and told. */
export type WorkerCalls = {
  /** The first of all: with which settings to answer, and where to listen: that is what the primary could have. */
  readonly start: {
    readonly in: { readonly texts: SettingTexts; readonly held: readonly ListenAddress[] };
    readonly out: Started;
  };
  /** An address that has come. */
  readonly listenAt: { readonly in: ListenAddress };
  /** One that has been gone for long. */
  readonly leave: { readonly in: ListenAddress };
  readonly status: { readonly in: undefined; readonly out: FrontStatus };
  /** Answered at once by whoever is well. */
  readonly areYouThere: { readonly in: undefined; readonly out: undefined };
  /** A name in presentation form; the number of answers that were forgotten. */
  readonly flush: { readonly in: string; readonly out: number };
  /** A key as text, whose packet gave way to a newer one. */
  readonly forgetKey: { readonly in: string };
  readonly networkChanged: { readonly in: undefined };
  /** The upstream through which a query came back that this worker has sent. */
  readonly cameBackFrom: { readonly in: IncomingQuery; readonly out: string | undefined };
  /** Finish what is in flight, and end. */
  readonly stop: { readonly in: undefined };
};

/** What a worker asks and tells the primary. */
export type PrimaryCalls = {
  /** A key as text and the client's address. */
  readonly packet: {
    readonly in: { readonly key: string; readonly client: string | undefined };
    readonly out: PacketCrossing;
  };
  /** As `cameBackFrom`, of all others. */
  readonly cameBackToOther: { readonly in: IncomingQuery; readonly out: string | undefined };
  /** The resolvers of the system as they are now, ourselves left out. */
  readonly systemResolvers: { readonly in: undefined; readonly out: NetworkResolvers };
  /** The upstream that asks us what we ask it. */
  readonly loop: { readonly in: string };
  /** An address cannot be had, though the primary could have it. */
  readonly listenFailed: { readonly in: ListenFailure };
  /** A bug came to light. A worker that ends because of it waits for the answer first. */
  readonly internalError: { readonly in: InternalError; readonly out: undefined };
};
