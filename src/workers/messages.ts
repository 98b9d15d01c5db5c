import type { SettingTexts } from '../config/setting-texts.ts';
import type { InternalError } from '../observe/internal-error.ts';
import type { PetnameEntry } from '../resolve/special/petnames.ts';
import type { Certificate } from '../serve/certificate/certificate.ts';
import type { FrontStatus } from '../serve/front.ts';
import type { ListenFailure } from '../serve/listeners/told-listeners.ts';
import type { AskOptions, AskOutcome, LocalAsker } from '../serve/responder.ts';
import type { ServedAddress } from '../serve/served-address.ts';
import type { LinkState } from '../system/links/link-state.ts';
import type { SystemUpstreams } from '../system/system-upstreams.ts';
import type { QueryBatch } from '../way/query-event.ts';
import type { PacketCrossing, PacketRequest } from './packet-proxy.ts';

/** Whether a worker listens. Bodies of messages are types, not interfaces: a clone has no methods. */
export type Started =
  | { readonly kind: 'listening'; readonly addresses: readonly ServedAddress[] }
  /** The parts of a ListenError. */
  | {
      readonly kind: 'refused';
      readonly protocol: 'udp' | 'tcp';
      readonly address: ServedAddress;
      readonly code: string;
      readonly message: string;
    };

/** The octets of a query, and the offset after its question. */
export type IncomingQuery = { readonly query: Uint8Array; readonly questionEnd: number };

/** The resolvers of the network, the search domains of the system, and the links whose domains have resolvers of their own. */
export type NetworkResolvers = Readonly<Pick<SystemUpstreams, 'servers' | 'search'>> & {
  readonly links: readonly LinkState[];
};

/** The calls of a worker. */
export type WorkerCalls = {
  /** The first of all: with which settings to answer, and where to listen: that is what the primary could have. */
  readonly start: {
    readonly in: {
      readonly texts: SettingTexts;
      readonly petnames: readonly PetnameEntry[];
      readonly held: readonly ServedAddress[];
      readonly certificate: Certificate | undefined;
    };
    readonly out: Started;
  };
  /** Other settings to answer with from now on. */
  readonly reload: { readonly in: SettingTexts; readonly out: undefined };
  /** Other petnames to answer with from now on. */
  readonly petnames: { readonly in: readonly PetnameEntry[]; readonly out: undefined };
  /** An address that has come. */
  readonly listenAt: { readonly in: ServedAddress };
  /** One that has been gone for long. */
  readonly leave: { readonly in: ServedAddress };
  /** The certificate for encrypted DNS from now on. */
  readonly certificate: { readonly in: Certificate };
  readonly status: { readonly in: undefined; readonly out: FrontStatus };
  /** Health check: a worker that does not hang answers at once. */
  readonly areYouThere: { readonly in: undefined; readonly out: undefined };
  /** A request of a program of this machine, which the primary took. */
  readonly ask: {
    readonly in: {
      readonly request: Uint8Array;
      readonly asker: LocalAsker;
      readonly options: AskOptions;
    };
    readonly out: AskOutcome;
  };
  /** Whether to tell each query from now on. */
  readonly watchQueries: { readonly in: boolean };
  /** A name in presentation form. The response is the number of answers that were removed. */
  readonly flush: { readonly in: string; readonly out: number };
  /** A key as text: there is a newer packet of it. */
  readonly forgetKey: { readonly in: string };
  readonly networkChanged: { readonly in: undefined };
  /** The upstream through which a query of this worker came back. */
  readonly cameBackFrom: { readonly in: IncomingQuery; readonly out: string | undefined };
  /** Finish queries in flight, and exit. */
  readonly stop: { readonly in: undefined };
};

/** The calls of the primary. */
export type PrimaryCalls = {
  readonly packet: {
    readonly in: PacketRequest;
    readonly out: PacketCrossing;
  };
  /** The same as `cameBackFrom`, for all other workers. */
  readonly cameBackToOther: { readonly in: IncomingQuery; readonly out: string | undefined };
  /** The current resolvers of the system, without ourselves. */
  readonly systemResolvers: { readonly in: undefined; readonly out: NetworkResolvers };
  /** Queries that were answered, while somebody looks. */
  readonly queries: { readonly in: QueryBatch };
  /** An upstream that sends our own queries back to us. */
  readonly loop: { readonly in: string };
  /** An address that the worker cannot listen on, though the primary found it available. */
  readonly listenFailed: { readonly in: ListenFailure };
  /** A warning of the runtime of the worker. */
  readonly runtimeWarning: { readonly in: { readonly name: string; readonly message: string } };
  /** An internal error. A worker that exits because of it waits for the response first. */
  readonly internalError: { readonly in: InternalError; readonly out: undefined };
};
