/** Several datagrams as `Bun.udpSocket` takes them: octets, port and address of each, one after another. */
type DatagramList = (Uint8Array | number | string)[];

/** List items per datagram. */
const WIDTH = 3;

/** The most datagrams of one system call; with more, the queue is flushed before the turn ends. */
const BATCH = 256;

/**
 * The most datagrams that wait for the socket buffer. At 1,232 octets each that is 5 MB; a client whose reply is dropped
 * asks again.
 */
const MAX_WAITING = 4_096;

/** Sends all datagrams of one turn of the event loop with one system call, at the end of the turn. */
export class SendQueue {
  readonly #sendMany: (list: DatagramList) => number;
  readonly #turnEnded: () => void;
  #waiting: DatagramList = [];
  #isScheduled = false;
  #errors = 0;

  /**
   * `sendMany` sends the datagrams of a list in order and returns how many it sent: fewer if the buffer is full, or if
   * the system refused one that was not the first. It throws if the system refused the first, or if any item of the
   * list is invalid. `turnEnded` is called at the end of each turn in which something was queued.
   */
  constructor(sendMany: (list: DatagramList) => number, turnEnded: () => void = () => {}) {
    this.#sendMany = sendMany;
    this.#turnEnded = turnEnded;
  }

  /** Datagrams that were not sent. */
  get errors(): number {
    return this.#errors;
  }

  /** Queues a datagram. */
  push(octets: Uint8Array, port: number, host: string): void {
    const count = this.#waiting.length / WIDTH;
    if (count >= MAX_WAITING) {
      this.#errors++;
      return;
    }
    this.#waiting.push(octets, port, host);
    if (count + 1 === BATCH) this.flush();
    else if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(this.#endOfTurn);
    }
  }

  /** Sends queued datagrams as long as the buffer has room. Also called when it has room again. */
  flush(): void {
    let rest = this.#waiting;
    this.#waiting = [];
    while (rest.length > 0) {
      let sent: number;
      try {
        sent = this.#sendMany(rest);
      } catch {
        rest = this.#sendSingly(rest);
        break;
      }
      if (sent === 0) break;
      rest = sent * WIDTH === rest.length ? [] : rest.slice(sent * WIDTH);
    }
    // The buffer is full; these are sent with the next datagrams, or when it has room again.
    this.#waiting = rest;
  }

  readonly #endOfTurn = () => {
    this.#isScheduled = false;
    this.#turnEnded();
    this.flush();
  };

  /** Sends one by one, so that an invalid datagram does not affect the others. Returns those for which there was no room. */
  #sendSingly(list: DatagramList): DatagramList {
    for (let at = 0; at < list.length; at += WIDTH) {
      const one = list.slice(at, at + WIDTH);
      // The first failure may be the system's word on a datagram that was sent before (an ICMP message: socket(7),
      // SO_ERROR), and then this one was not even tried.
      const sent = this.#trySend(one) ?? this.#trySend(one);
      if (sent === 0) return list.slice(at);
      if (sent === undefined) this.#errors++;
    }
    return [];
  }

  #trySend(one: DatagramList): number | undefined {
    try {
      return this.#sendMany(one);
    } catch {
      return undefined;
    }
  }
}
