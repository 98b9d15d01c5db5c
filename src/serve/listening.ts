import { type ListenAddress, listenAddressToText } from '../config/listen-address.ts';
import { defaultListen, type Settings } from '../config/settings.ts';
import { ListenError } from './listen-error.ts';
import {
  closeListeners,
  isAbsent,
  type ListenerPair,
  type Opener,
  openDefaultListeners,
  openHosts,
  openPair,
} from './open-listeners.ts';
import { isWildcard, type MachineAddresses, ownHosts } from './own-hosts.ts';

/** Milliseconds between tries to listen on an address that cannot be had yet: a new one of IPv6 takes a second or two. */
const RETRY_EVERY = 1_000;

/**
 * Listeners that are kept when their address is gone from the machine. It costs next to nothing, and when the address is
 * back, as after a pulled cable, they answer at once. An IPv6 host gets a new temporary address every day (RFC 8981).
 */
const MAX_GONE = 32;

/** Something about an address since the start. */
export type ListenEvent =
  /** It cannot be had now, and is tried again. */
  | { readonly kind: 'waiting'; readonly address: ListenAddress; readonly reason: string }
  /** It was waited for, or has come to the machine, and is answered at from now on. */
  | { readonly kind: 'listening'; readonly address: ListenAddress }
  /** It has long been gone from the machine. */
  | { readonly kind: 'closed'; readonly address: ListenAddress };

/** All listeners of a process. */
export interface Listeners {
  /** Listens, with `opener`, and gives the addresses that are there. @throws ListenError; then nothing is left open. */
  open(opener: Opener): Promise<readonly ListenAddress[]>;
  /** Addresses may have come or gone: resolves when those that are there are listened on. */
  networkChanged(): Promise<void>;
  /** Frees all addresses. */
  close(): Promise<void>;
}

/** What listening needs of the rest of the program. */
export interface ListeningParts {
  /** The addresses that this machine has now. Never throws. */
  readonly machine: () => MachineAddresses;
  readonly onEvent: (event: ListenEvent) => void;
  /** Told of an error that no rule foresees. */
  readonly onBug: (error: unknown) => void;
}

/** An address that is to be answered at. */
interface Target {
  readonly address: ListenAddress;
  /** A wildcard stands for it, so that it comes and goes with the machine's addresses. */
  isOwn: boolean;
  pair?: ListenerPair;
  /** People know that it is waited for, or need not know. */
  isTold: boolean;
}

/**
 * All addresses at which the program answers. A wildcard is one listener for each address of the machine, followed as they
 * come and go: RFC 2181 §4 wants a reply to come from the address that was asked, and when one socket has them all, the
 * system takes another. An address that is not there yet is waited for.
 */
export class Listening implements Listeners {
  readonly #listen: Settings['listen'];
  readonly #parts: ListeningParts;
  #opener: Opener = unopened;
  readonly #targets = new Map<string, Target>();
  /** Wildcards, with the port that was taken. */
  readonly #wildcards: ListenAddress[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Settles when no update runs. */
  #updated: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** Listens where the configuration says, or in the usual places. */
  constructor(listen: Settings['listen'], parts: ListeningParts) {
    this.#listen = listen;
    this.#parts = parts;
  }

  /** See `Listeners`. Rejects for an address that is taken or not permitted, and not for one that is not there yet. */
  async open(opener: Opener): Promise<readonly ListenAddress[]> {
    this.#opener = opener;
    try {
      if (this.#listen === 'default') await this.#openDefault();
      else for (const address of this.#listen) await this.#openConfigured(address);
    } catch (error) {
      await this.close();
      throw error;
    }
    this.#scheduleRetry();
    return this.addresses;
  }

  /** Where it listens now, with the ports that were taken. */
  get addresses(): readonly ListenAddress[] {
    return [...this.#targets.values()].flatMap(({ pair }) => pair?.address ?? []);
  }

  /** See `Listeners`. */
  async networkChanged(): Promise<void> {
    await this.#update();
  }

  /** See `Listeners`. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#updated;
    const pairs = [...this.#targets.values()].flatMap(({ pair }) => pair ?? []);
    this.#targets.clear();
    await closeListeners(pairs);
  }

  async #openDefault(): Promise<void> {
    const pairs = await openDefaultListeners(defaultListen, this.#opener);
    const port = pairs[0]?.address.port ?? 0;
    for (const host of defaultListen.hosts) {
      // A machine without IPv6 has no `::1`, and nobody needs to know.
      const target: Target = { address: { host, port }, isOwn: false, isTold: true };
      const pair = pairs.find(({ address }) => address.host === host);
      this.#targets.set(keyOf(target.address), pair === undefined ? target : { ...target, pair });
    }
  }

  async #openConfigured(address: ListenAddress): Promise<void> {
    if (isWildcard(address.host)) {
      await this.#openWildcard(address);
      return;
    }
    const target: Target = { address, isOwn: false, isTold: false };
    const known = this.#targets.get(keyOf(address));
    if (known !== undefined) {
      known.isOwn = false;
      return;
    }
    const error = await this.#open(target);
    if (error !== undefined && !isAbsent(error)) throw error;
    this.#targets.set(keyOf(target.pair?.address ?? address), target);
    if (error !== undefined) this.#tellWaiting(target, error);
  }

  /** Listens on what can be had of a wildcard's addresses. @throws ListenError when none can, though there are some. */
  async #openWildcard({ host: wildcard, port: wanted }: ListenAddress): Promise<void> {
    const hosts = ownHosts(wildcard, this.#parts.machine()).filter(
      (host) => !this.#targets.has(keyOf({ host, port: wanted })),
    );
    const { port, pairs, errors } = await openHosts(hosts, wanted, this.#opener);
    this.#wildcards.push({ host: wildcard, port });
    const [first] = errors.values();
    if (pairs.size === 0 && first !== undefined && ![...errors.values()].some(isAbsent)) throw first;
    for (const host of hosts) {
      const [pair, error] = [pairs.get(host), errors.get(host)];
      const target: Target = { address: { host, port }, isOwn: true, isTold: false };
      this.#targets.set(keyOf(target.address), pair === undefined ? target : { ...target, pair });
      if (error !== undefined) this.#tellWaiting(target, error);
    }
  }

  #update(): Promise<void> {
    const update = this.#updated.then(() => this.#openMissing());
    // Whoever called hears of an error; the next update goes on all the same.
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

  /** The targets that a wildcard stands for now, those that are new among them. */
  #ownTargets({ host: wildcard, port }: ListenAddress): readonly Target[] {
    return ownHosts(wildcard, this.#parts.machine()).map((host) => {
      const address = { host, port };
      const target = this.#targets.get(keyOf(address)) ?? { address, isOwn: true, isTold: false };
      this.#targets.set(keyOf(address), target);
      return target;
    });
  }

  /** Tries once. @returns what stands in the way. */
  async #open(target: Target): Promise<ListenError | undefined> {
    try {
      target.pair = await openPair(target.address, this.#opener);
      return undefined;
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      return error;
    }
  }

  #tellWaiting(target: Target, error: ListenError): void {
    // A new address of IPv6 is there, and cannot be had before the machine knows that nobody else has it (RFC 4862 §5.4).
    if (target.isTold || (target.isOwn && isAbsent(error))) return;
    target.isTold = true;
    const reason = isAbsent(error) ? 'this machine does not have the address' : error.message;
    this.#parts.onEvent({ kind: 'waiting', address: target.address, reason });
  }

  /** Closes those whose address has been gone longest, when there are too many. */
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

/** Before `open` nothing is opened. */
const unopened: Opener = {
  udp: () => Promise.reject(new RangeError('not opened yet')),
  tcp: () => Promise.reject(new RangeError('not opened yet')),
};

function keyOf(address: ListenAddress): string {
  return listenAddressToText(address);
}
