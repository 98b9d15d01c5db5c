import type { PublisherEntry } from './publisher-entry.ts';
import { holdersOf } from './put-report.ts';

/** What a zone or a packet that is kept in the network is doing. */
export interface PublicationStatus {
  readonly kind: 'publish' | 'keep';
  readonly name: string;
  /** Absent while the key file cannot be read. */
  readonly key?: string;
  /**
   * `waiting`: nothing was tried yet, or an address is not known. `failing`: the last try failed. `stopped`: an internal
   * error ended it, and it is not tried again before a reload or restart.
   */
  readonly state: 'waiting' | 'running' | 'held' | 'failing' | 'stopped';
  /** The packet was published elsewhere, and takes precedence until the zone file changes. */
  readonly isAdopted: boolean;
  /** What is wrong with the zone file or the key file as it is now; the last good zone stays published. */
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
  /** Milliseconds until the next try; absent when there is none. */
  readonly nextInMs?: number;
  /** The last failure, even if a later try succeeded. */
  readonly lastError?: { readonly agoMs: number; readonly text: string };
}

/** The state of an entry at `now`, in milliseconds of the publisher's clock. */
export function statusOf(entry: PublisherEntry, now: number): PublicationStatus {
  const { task, schedule, done, error, isStopped } = entry;
  const held = done === undefined ? undefined : holdersOf(done.result.report);
  return {
    kind: task.kind,
    name: task.name,
    ...(task.key !== undefined && { key: task.key.text }),
    state: stateOf(entry),
    isAdopted: done?.result.isAdopted ?? false,
    ...(task.problem !== undefined && { problem: task.problem }),
    ...(done !== undefined &&
      held !== undefined && {
        lastSuccess: {
          agoMs: now - done.at,
          timestamp: String(done.result.packet.timestamp),
          bytes: done.result.packet.size,
          nodes: held.nodes,
          nodesAsked: done.result.report.nodes.asked,
          relays: held.relays,
          relaysAsked: done.result.report.relays.length,
        },
      }),
    ...(!isStopped && { nextInMs: schedule.left }),
    ...(error !== undefined && { lastError: { agoMs: now - error.at, text: error.text } }),
  };
}

function stateOf({
  isStopped,
  isWaiting,
  running,
  schedule,
  done,
}: PublisherEntry): PublicationStatus['state'] {
  if (isStopped) return 'stopped';
  if (isWaiting) return 'waiting';
  if (running !== undefined) return 'running';
  if (schedule.isFailing) return 'failing';
  return done === undefined ? 'waiting' : 'held';
}
