import type { Clock } from '../../async/clock.ts';
import { throwLater } from '../../async/throw-later.ts';
import { acceptsHost, parseIpv4 } from '../../mainline/addresses.ts';
import type { ServingChange, ServingConditions, ServingEnd } from '../../mainline/dht-node.ts';
import type { Log } from '../../observe/log.ts';
import type { MachineInterfaces } from '../../system/interfaces.ts';

/** Milliseconds between checks. A connection may become metered without a change of addresses. */
const LOOK_EVERY = 60_000;

/** The parts of {@link ServingConditionsWatch}. */
export interface ServingConditionsParts {
  readonly machine: () => MachineInterfaces;
  /** Whether the connection of an interface is metered. */
  readonly isMetered: (interfaceName: string) => Promise<boolean>;
  readonly clock: Clock;
  readonly tell: (conditions: ServingConditions) => void;
}

/**
 * Tells a node with `dht-serve = auto` the public IPv4 addresses of this machine and whether their connections are metered:
 * at once, every minute, and after a change of the network.
 */
export class ServingConditionsWatch {
  readonly #parts: ServingConditionsParts;
  #callOff: () => void = () => {};
  /** The number of the last check; the result of an earlier one that takes longer is dropped. */
  #lastLook = 0;
  #isClosed = false;

  /** Begins at once. */
  constructor(parts: ServingConditionsParts) {
    this.#parts = parts;
    this.look();
  }

  /** Looks now. */
  look(): void {
    this.#callOff();
    this.#callOff = this.#parts.clock.after(LOOK_EVERY, () => this.look(), true);
    this.#tell(++this.#lastLook).catch(throwLater);
  }

  close(): void {
    this.#isClosed = true;
    this.#callOff();
  }

  async #tell(look: number): Promise<void> {
    const { machine, isMetered, tell } = this.#parts;
    const hosts: string[] = [];
    const metered: string[] = [];
    for (const [name, addresses = []] of Object.entries(machine())) {
      const own = addresses.flatMap(({ family, address }) => (family === 'IPv4' ? [address] : []));
      const publicOnes = own.filter((address) => acceptsHost('public', parseIpv4(address) ?? 0));
      if (publicOnes.length === 0) continue;
      if (await isMetered(name)) metered.push(...publicOnes);
      else hosts.push(...publicOnes);
    }
    if (look === this.#lastLook && !this.#isClosed) tell({ hosts, metered });
  }
}

/** Logs that the node began to serve by itself, or stopped. */
export function logServing(log: Log, change: ServingChange): void {
  if (change.kind === 'began') {
    log.info('The DHT node serves others now (dht-serve = auto).', { address: change.host });
  } else {
    log.info('The DHT node no longer serves others.', { reason: reasons[change.reason] });
  }
}

const reasons: Readonly<Record<ServingEnd, string>> = {
  'no-own-address': 'this machine no longer has the address that other nodes see',
  metered: 'the connection is metered',
  'not-reached': 'no query arrived from outside for 15 minutes',
  'network-changed': 'the network changed',
  'thread-died': 'the thread of the node ended and is started again',
  closed: 'the node is stopped',
};
