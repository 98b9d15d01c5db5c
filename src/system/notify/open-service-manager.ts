import { connectedSender, pathSender } from './datagram-sender.ts';
import { helperSender } from './helper.ts';
import { noServiceManager, type ServiceManager, serviceManager } from './service-manager.ts';

/** What the service manager asked for. */
export interface Supervision {
  readonly manager: ServiceManager;
  /** Milliseconds without `alive` after which it kills us; undefined when it does not. */
  readonly watchdogMs: number | undefined;
}

/** The shortest watchdog that is fed. Each time costs a query, and some ways a process. */
const MIN_WATCHDOG_MS = 100;

/** The variables of sd_notify(3) and sd_watchdog_enabled(3). */
const variables = ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'] as const;

/**
 * Who started us and wants to be told, to be asked once: the variables are removed from `environment`, so that no child talks in
 * our name. The cheapest way that works is taken: the descriptor of `OpenFile=`, the C library on Bun, else `systemd-notify`. Each
 * message of that costs a process; nothing native is needed for any. `onFailure` gets the reason when it cannot be told.
 */
export async function openServiceManager(
  environment: NodeJS.ProcessEnv,
  descriptor: number | undefined,
  onFailure: (error: unknown) => void,
  processId: number = process.pid,
): Promise<Supervision> {
  const { NOTIFY_SOCKET: path = '', WATCHDOG_USEC: microseconds, WATCHDOG_PID: watched } = environment;
  for (const variable of variables) delete environment[variable];
  if (descriptor === undefined && path === '') return { manager: noServiceManager, watchdogMs: undefined };
  const send =
    descriptor === undefined ? ((await pathSender(path)) ?? helperSender(path)) : connectedSender(descriptor);
  const isOurs = watched === undefined || watched === String(processId);
  return {
    manager: serviceManager(send, onFailure),
    watchdogMs: isOurs ? watchdogMs(microseconds) : undefined,
  };
}

function watchdogMs(microseconds: string | undefined): number | undefined {
  if (microseconds === undefined || !/^\d{1,15}$/.test(microseconds)) return undefined;
  const milliseconds = Number(microseconds) / 1_000;
  return milliseconds >= MIN_WATCHDOG_MS ? milliseconds : undefined;
}
