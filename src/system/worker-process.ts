/** The other side of the channel between the primary and one worker. */
export interface Peer {
  /** Sends a value that can be cloned; it is dropped if the other process has ended. */
  send(message: unknown): void;
  /** Sets the handler of messages. */
  onMessage(take: (message: unknown) => void): void;
}

/** A worker process, as seen by the primary. */
export interface WorkerProcess extends Peer {
  /** 0 when the system could not start it. */
  readonly pid: number;
  /** Sets the handler of its end, which is called once: with `exit code N`, the signal, or why it could not be started. */
  onExit(take: (why: string) => void): void;
  /** Kills it. */
  kill(): void;
}

/** Starts a process that runs the worker file of this program. @throws the system's error when it cannot; some failures come as `onExit`. */
export type SpawnWorker = () => WorkerProcess;

/** A port that the primary keeps for its workers, without reading from it. */
export interface HeldPort {
  /** The port that was taken. */
  readonly port: number;
  /** The primary lets go of it; workers that have it keep it. */
  stop(): Promise<void>;
}

/**
 * Makes sure of a port for all workers, port 0 for any free one: it is bound, or it is `descriptor`, which is bound to it and
 * stays open. Rejects with the system's error, which has a `code`, when the address cannot be had.
 */
export type HoldPort = (
  protocol: 'udp' | 'tcp',
  host: string,
  port: number,
  descriptor?: number,
) => Promise<HeldPort>;

/** How a runtime has several processes share a port. */
export interface WorkerProcesses {
  readonly spawn: SpawnWorker;
  readonly hold: HoldPort;
  /** Whether workers that run can have a port that is held by now; otherwise only those that are started after it. */
  readonly isHeldForRunning: boolean;
}
