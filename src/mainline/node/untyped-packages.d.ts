/** The few members used of packages that carry no types. They were read from the sources of the pinned versions. */

declare module 'k-rpc' {
  import type { EventEmitter } from 'node:events';

  namespace KRpc {
    /** A node in the routing table. */
    interface Contact {
      readonly id: Buffer;
      readonly host: string;
      readonly port: number;
      /** When it answered last, by Date.now(). */
      seen?: number;
    }
    interface ContactTable {
      add(contact: Contact): unknown;
      get(id: Uint8Array): Contact | null;
      remove(id: Uint8Array): unknown;
      closest(id: Uint8Array, count?: number): Contact[];
      count(): number;
      toArray(): Contact[];
    }
    interface Address {
      readonly host: string;
      readonly port: number;
    }
    interface Options {
      readonly id?: Buffer;
      readonly krpcSocket?: EventEmitter;
      readonly bootstrap: readonly Address[];
      readonly concurrency: number;
      readonly k?: number;
    }
    /** A message as `k-rpc-socket` decodes it: nothing in it is checked. */
    interface Message {
      readonly r?: Readonly<Record<string, unknown>>;
    }
  }

  class KRpc extends EventEmitter {
    constructor(options: KRpc.Options);
    id: Buffer;
    bootstrap: readonly KRpc.Address[];
    readonly nodes: KRpc.ContactTable;
    populate(target: Buffer, message: { q: string; a: object }, done: () => void): void;
    closest(
      target: Buffer,
      message: { q: string; a: object },
      visit: (message: KRpc.Message) => boolean | undefined,
      done: () => void,
    ): void;
    bind(port: number, host: string, done: () => void): void;
    destroy(done: () => void): void;
    response(peer: object, query: object, response: object, nodes?: readonly KRpc.Contact[]): void;
    error(peer: object, query: object, error: readonly [number, string]): void;
    clear(): void;
  }
  export = KRpc;
}

declare module 'bittorrent-dht' {
  import type { EventEmitter } from 'node:events';

  interface ClientOptions {
    readonly krpc?: EventEmitter;
    readonly bootstrap?: false | readonly { readonly host: string; readonly port: number }[];
    readonly verify?: (signature: Uint8Array, message: Uint8Array, key: Uint8Array) => boolean;
  }
  /** What `get` of a mutable item gives. */
  interface StoredValue {
    readonly v: Uint8Array;
    readonly k?: Uint8Array;
    readonly sig?: Uint8Array;
    readonly seq?: number;
  }
  class Client extends EventEmitter {
    constructor(options: ClientOptions);
    nodeId: Buffer;
    nodes: unknown;
    listen(port: number, host: string, done: () => void): void;
    get(
      target: Buffer,
      options: { readonly cache?: boolean },
      done: (error: Error | null, value: StoredValue | null) => void,
    ): void;
    updateBucketTimestamp(): void;
    toJSON(): { readonly values: Readonly<Record<string, unknown>> };
    destroy(done: () => void): void;
  }

  export { Client };
}
