/** The other side of the line between the primary and one worker. */
export interface Peer {
  /** Sends a value that can be cloned; to nobody once the other side is gone. */
  send(message: unknown): void;
  /** Takes each message that comes. */
  onMessage(take: (message: unknown) => void): void;
}

/** A worker as the primary has it. */
export interface WorkerProcess extends Peer {
  /** 0 when the system could not start it. */
  readonly pid: number;
  /** Called once, when it is gone: with `exit code N`, the signal that ended it, or why it could not be started. */
  onExit(take: (why: string) => void): void;
  /** Ends it at once. */
  kill(): void;
}

/** Starts a process that runs the worker file of this program. @throws the system's error when it cannot; some failures come as `onExit`. */
export type SpawnWorker = () => WorkerProcess;

/** A port that the primary has for its workers, and reads nothing from. */
export interface HeldPort {
  /** The port that was taken. */
  readonly port: number;
  /** The primary lets go of it; workers that have it keep it. */
  stop(): Promise<void>;
}

/**
 * Makes sure of a port for all workers, port 0 for any free one. Rejects with the system's error, which has a `code`, when
 * the address cannot be had.
 */
export type HoldPort = (protocol: 'udp' | 'tcp', host: string, port: number) => Promise<HeldPort>;

/** How a runtime has several processes share a port. */
export interface WorkerProcesses {
  readonly spawn: SpawnWorker;
  readonly hold: HoldPort;
  /** Whether workers that run can have a port that is held by now; otherwise only those that are started after it. */
  readonly isHeldForRunning: boolean;
}
