/** What a zone or a packet that is kept in the network is doing. */
export interface PublicationStatus {
  readonly kind: 'publish' | 'keep';
  readonly name: string;
  /** Absent as long as the key's file cannot be read. */
  readonly key?: string;
  /** `waiting`: nothing was tried yet, or an address is not known. `failing`: the last try was one too many. */
  readonly state: 'waiting' | 'running' | 'held' | 'failing';
  /** The packet was published elsewhere, and counts until the zone file changes. */
  readonly isAdopted: boolean;
  /** What is wrong with the zone file or the key's file as it is now; the last good zone stays published. */
  readonly problem?: string;
  readonly lastSuccess?: {
    readonly agoMs: number;
    /** Of the packet, in µs since 1970. */
    readonly timestamp: string;
    readonly bytes: number;
    /** Nodes of the DHT and relays that hold it, and that were asked to. */
    readonly nodes: number;
    readonly nodesAsked: number;
    readonly relays: number;
    readonly relaysAsked: number;
  };
  /** Milliseconds until the next try. */
  readonly nextInMs: number;
  /** The last failure, also when it succeeded since. */
  readonly lastError?: { readonly agoMs: number; readonly text: string };
}
