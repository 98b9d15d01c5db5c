/** Datagrams as `Bun.udpSocket` takes several: octets, port and address of each, one after another. */
type DatagramList = (Uint8Array | number | string)[];

/** Items of the list that one datagram takes. */
const WIDTH = 3;

/** Datagrams that wait for a turn to end, at most; then they leave before it does. */
const BATCH = 256;

/**
 * Datagrams that wait for room in the system, at most. At 1,232 octets each that is 5 MB; a client whose reply is left
 * out asks again.
 */
const MAX_WAITING = 4_096;

/** Sends what is given to it in a turn of the event loop with one call of the system, at the end of the turn. */
export class SendQueue {
  readonly #sendMany: (list: DatagramList) => number;
  #waiting: DatagramList = [];
  #isScheduled = false;
  #errors = 0;

  /**
   * `sendMany` sends the datagrams of a list in order and gives how many it sent: fewer when there is no room, or when
   * the system refused one that was not the first. It throws when the system refused the first, or when any of the
   * list can be none.
   */
  constructor(sendMany: (list: DatagramList) => number) {
    this.#sendMany = sendMany;
  }

  /** Datagrams that were not sent. */
  get errors(): number {
    return this.#errors;
  }

  /** Takes a datagram. */
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

  /** Sends what waits, as far as there is room. Called too when there is room again. */
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
    // The system has no room for these; they go with the next that come, or when it says that there is.
    this.#waiting = rest;
  }

  readonly #endOfTurn = () => {
    this.#isScheduled = false;
    this.flush();
  };

  /** Sends one after another, so that none is lost for another's fault. Gives those for which there was no room. */
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
