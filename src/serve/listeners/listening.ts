import type { ListenAddress } from '../../config/listen-address.ts';
import { defaultListen } from '../../config/table/answering.ts';
import type { BoundSockets } from '../../system/activation/bound-sockets.ts';
import { ListenError } from '../listen-error.ts';
import {
  closeListeners,
  isAbsent,
  type ListenerPair,
  leaveListeners,
  type Opener,
  openDefaultListeners,
  openHosts,
  openListener,
} from '../open-listeners.ts';
import { isWildcard, ownHosts } from '../own-hosts.ts';
import {
  type ListenSettings,
  type ServedAddress,
  servedAddressToText,
  serviceAddresses,
} from '../served-address.ts';
import type { Listeners, ListeningParts } from './listeners.ts';

/** Milliseconds between attempts to listen on an address: a new IPv6 address takes a second or two (RFC 4862 §5.4). */
const RETRY_EVERY = 1_000;

/**
 * Maximum number of listeners whose address the machine no longer has. They cost almost nothing, and answer at once when the
 * address is back, after a cable was unplugged for example. But an IPv6 host gets a new temporary address every day (RFC
 * 8981).
 */
const MAX_GONE = 32;

/** An address to listen on. */
interface Target {
  readonly address: ServedAddress;
  /** It is one of the machine's addresses, and comes from a wildcard. */
  isOwn: boolean;
  pair?: ListenerPair;
  /** `waiting` was reported, or need not be. */
  isTold: boolean;
}

/**
 * All addresses that the program listens on. A wildcard is expanded to one listener for each address of the machine, as they
 * come and go: RFC 2181 §4 requires a reply to come from the address that was queried, and with a single wildcard socket the
 * system may choose another one. An address that the machine does not have yet is waited for. When we were given sockets, one
 * that we may not open ourselves stops nothing: those answer.
 */
export class Listening implements Omit<Listeners, 'replace'> {
  readonly #listen: ListenSettings;
  readonly #parts: ListeningParts;
  #opener: Opener = unopened;
  readonly #targets = new Map<string, Target>();
  /** Wildcards, with the port that was taken. */
  readonly #wildcards: ListenAddress[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Settles when no update is running. */
  #updated: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(listen: ListenSettings, parts: ListeningParts) {
    this.#listen = listen;
    this.#parts = parts;
  }

  /** See `Listeners`. Rejects when an address is in use or not permitted, but not when the machine does not have it. */
  async open(opener: Opener): Promise<readonly ServedAddress[]> {
    this.#opener = opener;
    try {
      const { listen } = this.#listen;
      if (listen === 'default') await this.#openDefault();
      else for (const address of listen) await this.#openConfigured(address);
      for (const address of serviceAddresses(this.#listen)) await this.#openNamed(address);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#scheduleRetry();
    return this.addresses;
  }

  /** The addresses listened on, with their actual ports. */
  get addresses(): readonly ServedAddress[] {
    return this.#pairs.map(({ address }) => address);
  }

  /** See `Listeners`. */
  async networkChanged(): Promise<void> {
    await this.#update();
  }

  /** See `Listeners`. */
  async leaveToOthers(): Promise<void> {
    await this.#stopChanging();
    await leaveListeners(this.#pairs);
  }

  /** See `Listeners`. */
  async close(): Promise<void> {
    await this.#stopChanging();
    const pairs = this.#pairs;
    this.#targets.clear();
    await closeListeners(pairs);
  }

  async #stopChanging(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#updated;
  }

  get #pairs(): readonly ListenerPair[] {
    return [...this.#targets.values()].flatMap(({ pair }) => pair ?? []);
  }

  async #openDefault(): Promise<void> {
    const pairs = await openDefaultListeners(defaultListen, this.#opener);
    const [first] = pairs;
    const port = first?.address.port ?? 0;
    const [wanted] = defaultListen.ports;
    if (first !== undefined && port !== wanted)
      this.#parts.onEvent({ kind: 'other-port', wanted, address: first.address });
    for (const host of defaultListen.hosts) {
      // A machine without IPv6 has no `::1`, which need not be reported.
      const target: Target = { address: { host, port }, isOwn: false, isTold: true };
      const pair = pairs.find(({ address }) => address.host === host);
      this.#targets.set(keyOf(target.address), pair === undefined ? target : { ...target, pair });
    }
  }

  async #openConfigured(address: ListenAddress): Promise<void> {
    if (isWildcard(address.host)) {
      if (this.#given?.has(address.host, address.port) !== true) {
        await this.#openWildcard(address);
        return;
      }
      if (this.#given.find('udp', address.host, address.port) !== undefined)
        this.#parts.onEvent({ kind: 'wildcard', address });
    }
    await this.#openNamed(address);
  }

  /**
   * Listens on an address as it is. A service that is nothing but TCP has a wildcard as one socket: a connection has the address
   * that was asked by itself.
   */
  async #openNamed(address: ServedAddress): Promise<void> {
    const target: Target = { address, isOwn: false, isTold: false };
    const known = this.#targets.get(keyOf(address));
    if (known !== undefined) {
      known.isOwn = false;
      return;
    }
    const error = await this.#open(target);
    if (error !== undefined && !isAbsent(error)) {
      if (this.#given === undefined) throw error;
      if (this.#tellRefused(error)) return;
    }
    this.#targets.set(keyOf(target.pair?.address ?? address), target);
    if (error !== undefined) this.#tellWaiting(target, error);
  }

  /** Listens on all available addresses of a wildcard. @throws ListenError when all of them are in use or not permitted. */
  async #openWildcard({ host: wildcard, port: wanted }: ListenAddress): Promise<void> {
    const hosts = ownHosts(wildcard, this.#parts.machine()).filter(
      (host) => !this.#targets.has(keyOf({ host, port: wanted })),
    );
    const { port, pairs, errors } = await openHosts(hosts, wanted, this.#opener);
    this.#wildcards.push({ host: wildcard, port });
    const [first] = errors.values();
    if (pairs.size === 0 && first !== undefined && ![...errors.values()].some(isAbsent)) {
      if (this.#given === undefined) throw first;
    }
    for (const host of hosts) {
      const [pair, error] = [pairs.get(host), errors.get(host)];
      if (error !== undefined && this.#tellRefused(error)) continue;
      if (pair?.missing !== undefined) this.#parts.onEvent({ kind: 'refused', error: pair.missing });
      const target: Target = { address: { host, port }, isOwn: true, isTold: false };
      this.#targets.set(keyOf(target.address), pair === undefined ? target : { ...target, pair });
      if (error !== undefined) this.#tellWaiting(target, error);
    }
  }

  #update(): Promise<void> {
    const update = this.#updated.then(() => this.#openMissing());
    // The caller handles a rejection; the next update runs either way.
    const goOn = () => this.#scheduleRetry();
    this.#updated = update.then(goOn, goOn);
    return update;
  }

  async #openMissing(): Promise<void> {
    const current = new Set(this.#wildcards.flatMap((wildcard) => this.#ownTargets(wildcard)));
    for (const [key, target] of this.#targets) {
      if (this.#isClosed) return;
      if (target.pair !== undefined) continue;
      if (target.isOwn && !current.has(target)) {
        this.#targets.delete(key);
        continue;
      }
      const error = await this.#open(target);
      if (error === undefined) this.#parts.onEvent({ kind: 'listening', address: target.address });
      else this.#tellWaiting(target, error);
    }
    await this.#closeGone(current);
  }

  /** The current targets of a wildcard, new ones included. */
  #ownTargets({ host: wildcard, port }: ListenAddress): readonly Target[] {
    return ownHosts(wildcard, this.#parts.machine()).map((host) => {
      const address = { host, port };
      const target = this.#targets.get(keyOf(address)) ?? { address, isOwn: true, isTold: false };
      this.#targets.set(keyOf(address), target);
      return target;
    });
  }

  /** Tries once. @returns the error. */
  async #open(target: Target): Promise<ListenError | undefined> {
    try {
      target.pair = await openListener(target.address, this.#opener);
      const { missing } = target.pair;
      if (missing !== undefined) this.#parts.onEvent({ kind: 'refused', error: missing });
      return undefined;
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      return error;
    }
  }

  /** The sockets that we were given, if there are any. */
  get #given(): BoundSockets | undefined {
    const { given } = this.#opener;
    return given?.isEmpty === false ? given : undefined;
  }

  /** Reports an address that we may not listen on while we were given others. @returns whether it is such. */
  #tellRefused(error: ListenError): boolean {
    if (this.#given === undefined) return false;
    // A socket for all IPv6 addresses mostly takes IPv4 too (bindv6only of ipv6(7)): then nothing is missing.
    const isCovered = error.code === 'EADDRINUSE' && this.#given.has('::', error.address.port);
    if (!isCovered && error.code !== 'EACCES') return false;
    if (!isCovered) this.#parts.onEvent({ kind: 'refused', error });
    return true;
  }

  #tellWaiting(target: Target, error: ListenError): void {
    // A new IPv6 address is tentative until duplicate address detection is over (RFC 4862 §5.4).
    if (target.isTold || (target.isOwn && isAbsent(error))) return;
    target.isTold = true;
    const reason = isAbsent(error) ? 'this machine does not have the address' : error.message;
    this.#parts.onEvent({ kind: 'waiting', address: target.address, reason });
  }

  /** Closes the listeners whose addresses were lost first, when there are too many. */
  async #closeGone(current: ReadonlySet<Target>): Promise<void> {
    const gone = [...this.#targets].filter(([, target]) => target.isOwn && !current.has(target));
    for (const [key, { pair }] of gone.slice(0, Math.max(0, gone.length - MAX_GONE))) {
      this.#targets.delete(key);
      if (pair === undefined) continue;
      await closeListeners([pair]);
      this.#parts.onEvent({ kind: 'closed', address: pair.address });
    }
  }

  #scheduleRetry(): void {
    clearTimeout(this.#timer);
    const isWaiting = [...this.#targets.values()].some(({ pair }) => pair === undefined);
    if (this.#isClosed || !isWaiting) return;
    this.#timer = setTimeout(() => this.#update().catch(this.#parts.onBug), RETRY_EVERY);
    this.#timer.unref();
  }
}

/** The opener before `open`. */
const unopened: Opener = {
  udp: () => Promise.reject(new RangeError('not opened yet')),
  tcp: () => Promise.reject(new RangeError('not opened yet')),
  service: () => Promise.reject(new RangeError('not opened yet')),
};

function keyOf(address: ServedAddress): string {
  return servedAddressToText(address);
}
