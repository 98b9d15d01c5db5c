import { lookup } from 'node:dns/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseHostPort } from '../config/host-port.ts';
import { publicBootstrap, publicRelays } from '../config/public-network.ts';
import { parseRelayUrl } from '../config/relay-url.ts';
import { combinedSource } from '../find/combined-source.ts';
import { defaultFinderSettings } from '../find/finder-settings.ts';
import { applyEvent, initialState, type LookupState, provesAbsence } from '../find/lookup-state.ts';
import { SourceError } from '../find/packet-source.ts';
import { networkOf } from '../mainline/addresses.ts';
import { PublishError } from '../publish/publish-error.ts';
import { publishNetwork } from '../publish/publish-network.ts';
import { putPacket } from '../publish/put-packet.ts';
import { type PutReport, relayToText } from '../publish/put-report.ts';
import { createRelayClient, type RelayClient } from '../relay/client.ts';
import { ClientDht } from './client-dht.ts';
import { ClientError, type ClientFault } from './client-error.ts';
import { PublicKey } from './keys.ts';
import { SignedPacket } from './signed-packet.ts';

export { ClientError, type ClientFault };

/** Seconds between two looks of `watch`. */
const WATCH_EVERY = 300;

/** Where packets are looked for and put. */
export interface ClientOptions {
  /**
   * Nodes of the DHT to begin at, `HOST:PORT`; by default well-known ones of the Mainline DHT. Empty: the DHT is not used.
   */
  readonly bootstrap?: readonly string[];
  /**
   * Addresses of relays; by default the public ones, or none where all nodes of `bootstrap` are on loopback. Empty: relays are
   * not used.
   */
  readonly relays?: readonly string[];
}

/** What became of a packet. */
export interface PublishReport {
  /** Nodes of the DHT that were asked to store it, and that hold it now. Both are 0 without the DHT. */
  readonly nodes: { readonly asked: number; readonly holding: number };
  /** `problem` is a clause for people, undefined when the relay holds the packet. */
  readonly relays: readonly { readonly relay: string; readonly problem: string | undefined }[];
}

/**
 * `pkarrd/client`: resolves and publishes packets over the Mainline DHT and relays, on Node and Bun.
 *
 * A client has a DHT node that asks others and does not serve them. It keeps the process running until it is closed. It has
 * no cache: every `resolve` asks the network.
 */
export class Client {
  readonly #dht: ClientDht | undefined;
  readonly #relays: readonly RelayClient[];

  /** @throws TypeError for what is no address of a node or relay, and when there is neither */
  constructor(options: ClientOptions = {}) {
    const bootstrap = options.bootstrap?.map(parsedNode) ?? publicBootstrap;
    const ownRelays = networkOf(bootstrap) === 'test' ? [] : publicRelays;
    const urls = (options.relays ?? ownRelays).map(parsedRelay);
    if (bootstrap.length + urls.length === 0)
      throw new TypeError('There is neither a node nor a relay to ask.');
    this.#dht = bootstrap.length === 0 ? undefined : new ClientDht(bootstrap);
    const clocks = { now: () => performance.now(), nowWall: () => Date.now() };
    this.#relays = urls.map((url) => createRelayClient({ url, ...clocks, resolveHost: addressesOf }));
  }

  /**
   * The newest packet of a key; undefined when the network proves that there is none. The DHT is asked, and relays when it has
   * no packet soon enough.
   *
   * @param options `first`: the first valid packet that arrives, which may be older than the newest.
   * @throws ClientError `unreachable` or `unusable`; PkarrError for text that is not a key; the reason of the signal
   */
  async resolve(
    key: PublicKey | string,
    options: { readonly first?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<SignedPacket | undefined> {
    const { first = false, signal = new AbortController().signal } = options;
    const { own } = typeof key === 'string' ? PublicKey.parse(key) : key;
    this.#dht?.wake();
    const source = combinedSource(this.#dht?.connection, this.#relays);
    let state = initialState();
    let failure: string | undefined;
    try {
      for await (const event of source?.lookup(own, { signal }) ?? []) {
        state = applyEvent(state, event);
        if (first && state.best !== undefined) break;
      }
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      failure = error.message;
    }
    return outcomeOf(state, failure);
  }

  /**
   * Puts a packet to the DHT and to every relay. Nodes drop it after some hours or days: publish it again every few hours, the
   * same packet, unchanged.
   *
   * @throws ClientError `unreachable`, `not-stored` or `conflict`; the reason of the signal
   */
  async publish(
    packet: SignedPacket,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<PublishReport> {
    const { signal = new AbortController().signal } = options;
    this.#dht?.wake();
    try {
      const network = publishNetwork(this.#dht?.connection, this.#relays);
      return reportOf(await putPacket(packet.own, network, { signal }));
    } catch (error) {
      if (error instanceof PublishError) throw new ClientError(faultOf(error), error.message);
      throw error;
    }
  }

  /**
   * The packet of a key, and each newer one as soon as a look finds it. A look that reaches nobody is skipped. It goes on until
   * the loop is left or the signal aborts, whose reason it throws.
   *
   * @param options `every`: seconds between two looks, 300 by default.
   * @throws PkarrError for text that is not a key
   */
  async *watch(
    key: PublicKey | string,
    options: { readonly every?: number; readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<SignedPacket, never, undefined> {
    const { every = WATCH_EVERY, signal = new AbortController().signal } = options;
    if (!(every > 0)) throw new RangeError(`A look every ${every} seconds is not possible.`);
    const wanted = typeof key === 'string' ? PublicKey.parse(key) : key;
    let newest: SignedPacket | undefined;
    for (;;) {
      const found = await this.#look(wanted, signal);
      if (found !== undefined && (newest === undefined || found.isNewerThan(newest))) {
        newest = found;
        yield found;
      }
      signal.throwIfAborted();
      await sleep(every * 1000, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  /** Ends what is in progress, and frees the port of the DHT node. */
  async close(): Promise<void> {
    for (const relay of this.#relays) relay.close();
    await this.#dht?.close();
  }

  async #look(key: PublicKey, signal: AbortSignal): Promise<SignedPacket | undefined> {
    try {
      return await this.resolve(key, { signal });
    } catch (error) {
      if (error instanceof ClientError) return undefined;
      throw error;
    }
  }
}

function outcomeOf(state: LookupState, failure: string | undefined): SignedPacket | undefined {
  if (state.best !== undefined) return SignedPacket.wrap(state.best);
  if (state.unusableSeq !== undefined)
    throw new ClientError(
      'unusable',
      'The network holds something of this key that is no packet of DNS records.',
    );
  if (failure === undefined && provesAbsence(state, defaultFinderSettings.absentQuorum)) return undefined;
  const { asked, answered } = state.observed;
  const why = failure ?? `${answered} of ${asked} nodes and relays answered`;
  throw new ClientError('unreachable', `The network did not say whether there is a packet: ${why}.`);
}

function reportOf({ nodes, relays }: PutReport): PublishReport {
  return {
    nodes: { asked: nodes.asked, holding: nodes.stored + nodes.alreadyHeld },
    relays: relays.map((relay) => ({ relay: relay.label, problem: relayToText(relay)[0] })),
  };
}

function faultOf({ kind }: PublishError): ClientFault {
  return kind === 'conflict' || kind === 'not-stored' ? kind : 'unreachable';
}

function parsedNode(text: string) {
  const node = parseHostPort(text);
  if (node === undefined) throw new TypeError(`"${text}" is not a node of the DHT: HOST:PORT is expected.`);
  return node;
}

function parsedRelay(text: string): URL {
  const url = parseRelayUrl(text);
  if (url === undefined)
    throw new TypeError(`"${text}" is not the address of a relay, such as https://relay.example.org`);
  return url;
}

async function addressesOf(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
