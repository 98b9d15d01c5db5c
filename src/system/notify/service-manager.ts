import type { SendDatagram } from './datagram-sender.ts';
import { monotonicMicroseconds } from './monotonic-clock.ts';

/** Changes of state that wait to be sent to a receiver that hangs. Of more, the oldest are left out. */
const MAX_CHANGES = 16;

/** Characters of a status: a line of `systemctl status`. */
const MAX_STATUS = 500;

/** Milliseconds that `stopping` waits until it has been told. */
const LAST_WORDS = 300;

/** The service manager, which wants to know how we are (sd_notify(3)). Nothing here throws, and without one nothing is sent. */
export interface ServiceManager {
  /** Whether there is one that wants to know. */
  readonly isThere: boolean;
  /** Clients are answered, from the start or after a reload. */
  ready(status?: string): void;
  /** The state in one sentence. */
  status(text: string): void;
  /** The configuration is being read anew; `ready` says when that is done, also when it was refused. */
  reloading(): void;
  /** From now on we are to be killed after so many milliseconds without `alive`. */
  watchdog(milliseconds: number): void;
  /** We are well: it was asked for by `watchdogMs`. */
  alive(): void;
  /** We end. Resolves when that was told, or after 0.3 s. */
  stopping(): Promise<void>;
}

/** For a program that nobody watches. */
export const noServiceManager: ServiceManager = {
  isThere: false,
  ready: () => {},
  status: () => {},
  reloading: () => {},
  watchdog: () => {},
  alive: () => {},
  stopping: async () => {},
};

/** A service manager that is told by `send`. Failures are reported to `onFailure`, once until it works again. */
export function serviceManager(send: SendDatagram, onFailure: (error: unknown) => void): ServiceManager {
  /** At most one status and one `alive` are among them. */
  const waiting: Message[] = [];
  let told = '';
  let next: { text: string } | undefined;
  let isAliveQueued = false;
  let hasFailed = false;
  let sending: Promise<void> | undefined;

  const drain = async () => {
    for (let message = waiting.shift(); message !== undefined; message = waiting.shift()) {
      try {
        await send(Buffer.from(await message.text()));
        hasFailed = false;
      } catch (error) {
        if (!hasFailed) onFailure(error);
        hasFailed = true;
        // A status that did not arrive is worth sending again.
        told = '';
      }
    }
    sending = undefined;
  };
  const queue = (text: Message['text'], isChange = false) => {
    const changes = waiting.filter((message) => message.isChange);
    if (isChange && changes.length >= MAX_CHANGES)
      waiting.splice(
        waiting.findIndex((message) => message.isChange),
        1,
      );
    waiting.push({ text, isChange });
    sending ??= drain();
  };
  /** The latest status when it is its turn, however many were given meanwhile. */
  const queueStatus = (text: string) => {
    if (next !== undefined) {
      next.text = text;
      return;
    }
    if (text === told) return;
    const status = { text };
    next = status;
    queue(async () => {
      next = undefined;
      told = status.text;
      return assignment('STATUS', status.text);
    });
  };

  return {
    isThere: true,
    ready(status) {
      queue(async () => 'READY=1', true);
      if (status !== undefined) queueStatus(status);
    },
    status: queueStatus,
    reloading() {
      // The time is that of this call: systemd compares it with that of its own request.
      const now = monotonicMicroseconds();
      queue(async () => {
        const microseconds = await now;
        return microseconds === undefined ? 'RELOADING=1' : `RELOADING=1\nMONOTONIC_USEC=${microseconds}`;
      }, true);
    },
    watchdog(milliseconds) {
      queue(async () => `WATCHDOG_USEC=${Math.round(milliseconds * 1_000)}`, true);
    },
    alive() {
      if (isAliveQueued) return;
      isAliveQueued = true;
      queue(async () => {
        isAliveQueued = false;
        return 'WATCHDOG=1';
      });
    },
    async stopping() {
      queue(async () => 'STOPPING=1', true);
      let timer: NodeJS.Timeout | undefined;
      const tooLong = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, LAST_WORDS);
      });
      await Promise.race([sending, tooLong]);
      clearTimeout(timer);
    },
  };
}

interface Message {
  /** Made when it is its turn. */
  readonly text: () => Promise<string>;
  readonly isChange: boolean;
}

/** One line, for a line feed would begin another assignment. */
function assignment(name: string, value: string): string {
  return `${name}=${value.replace(/\s+/g, ' ').slice(0, MAX_STATUS)}`;
}
