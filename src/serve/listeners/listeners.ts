import type { ListenError } from '../listen-error.ts';
import type { Opener } from '../open-listeners.ts';
import type { MachineAddresses } from '../own-hosts.ts';
import type { ListenSettings, ServedAddress } from '../served-address.ts';

/** A change of the addresses that are listened on. */
export type ListenEvent =
  /** It is not available; retried. */
  | { readonly kind: 'waiting'; readonly address: ServedAddress; readonly reason: string }
  /** We were given other sockets, and may not open this one; not retried. */
  | { readonly kind: 'refused'; readonly error: ListenError }
  /** We were given a UDP socket for all addresses, whose replies may come from another one than was asked. */
  | { readonly kind: 'wildcard'; readonly address: ServedAddress }
  /** The port that the default means first is not permitted to this user, so another one is listened on. */
  | { readonly kind: 'other-port'; readonly wanted: number; readonly address: ServedAddress }
  /** Listened on from now: it was waited for, or is new on this machine. */
  | { readonly kind: 'listening'; readonly address: ServedAddress }
  /** No longer listened on: the machine lost it long ago. */
  | { readonly kind: 'closed'; readonly address: ServedAddress };

/** All listeners of a process. */
export interface Listeners {
  /** Listens. Resolves with the addresses that are available. @throws ListenError; then nothing is left open. */
  open(opener: Opener): Promise<readonly ServedAddress[]>;
  /**
   * Listens where the settings say from now on. Resolves with the addresses that are available.
   * @throws ListenError; then nothing has changed.
   */
  replace(listen: ListenSettings): Promise<readonly ServedAddress[]>;
  /** The addresses of the machine may have changed. Resolves when the available ones are listened on. */
  networkChanged(): Promise<void>;
  /**
   * The program ends: what comes from now on to sockets that somebody else has too is left to them. Resolves when all that
   * was taken from those has been read.
   */
  leaveToOthers(): Promise<void>;
  /** Frees all addresses. */
  close(): Promise<void>;
}

/** What listening needs from the rest of the program. */
export interface ListeningParts {
  /** The current addresses of this machine. Never throws. */
  readonly machine: () => MachineAddresses;
  readonly onEvent: (event: ListenEvent) => void;
  /** Called with an unexpected error: a bug. */
  readonly onBug: (error: unknown) => void;
}
