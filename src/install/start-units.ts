import { InstallError, type Machine, RUNNING_UNITS, runStep, type Step } from './machine.ts';
import { type SocketService, socketUnitName } from './service-sockets.ts';

/** What is to be started. */
export interface StartOptions {
  /** The service runs an older program or unit. */
  readonly isServiceChanged: boolean;
  /** The sockets that are wanted beside `pkarrd.socket`, and those whose addresses changed. */
  readonly sockets: readonly SocketService[];
  readonly changedSockets: readonly SocketService[];
}

/**
 * Starts the sockets and the service, or the service anew. Returns why the socket for browsers is not open; DNS goes on without it.
 * @throws InstallError with what the journal says
 */
export async function startUnits(
  machine: Machine,
  steps: Step[],
  { isServiceChanged, sockets, changedSockets }: StartOptions,
): Promise<string | undefined> {
  const units = sockets.map(socketUnitName);
  await startStep(machine, steps, ['systemctl', 'start', 'pkarrd.socket']);
  let isRestart = isServiceChanged;
  for (const service of sockets) {
    const unit = socketUnitName(service);
    if (await isActive(machine, unit)) {
      if (!changedSockets.includes(service)) continue;
      await startStep(machine, steps, ['systemctl', 'stop', unit], units);
    }
    isRestart = true;
  }
  // A socket cannot be opened while its service runs. The service wants its sockets, so in the one transaction of its restart systemd
  // ends it, opens them, and starts it, while queries wait in pkarrd.socket. It returns when the service answers.
  const command = ['systemctl', isRestart ? 'restart' : 'start', 'pkarrd.service'] as const;
  await startStep(machine, steps, command, units);
  for (const service of sockets) {
    const unit = socketUnitName(service);
    if (await isActive(machine, unit)) continue;
    if (service === 'http') return `${unit} was not opened; "pkarrd doctor" says who has its addresses.`;
    const error = new InstallError(`${unit} was not opened.`, steps);
    throw await withJournal(machine, steps, units, error);
  }
  return undefined;
}

/** Whether a unit is active. */
export async function isActive(machine: Machine, unit: string): Promise<boolean> {
  const call = { program: 'systemctl', args: ['is-active', '--quiet', unit], timeout: 10_000 };
  return (await machine.run(call)).code === 0;
}

/** Runs a program that starts units. @throws InstallError with what the journal says of them, and of `others` */
export async function startStep(
  machine: Machine,
  steps: Step[],
  command: readonly [string, ...string[]],
  others: readonly string[] = [],
): Promise<void> {
  try {
    await runStep(machine, steps, command);
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    throw await withJournal(machine, steps, others, error);
  }
}

async function withJournal(
  machine: Machine,
  steps: readonly Step[],
  others: readonly string[],
  error: InstallError,
): Promise<InstallError> {
  const words = [
    ...['--boot', '--no-pager', '--output=cat', '--lines=8'],
    ...[...RUNNING_UNITS, ...others].map((unit) => `--unit=${unit}`),
  ];
  const { out } = await machine.run({ program: 'journalctl', args: words, timeout: 10_000 });
  const said = out.trim();
  // "Failed to create listening socket (127.0.0.1:853): Address already in use"
  const [, port = '53'] = /:(\d+)\)?: address already in use/i.exec(said) ?? [];
  const advice = /address already in use/i.test(said)
    ? `\nAnother program has port ${port}. Which one shows: ss --listening --numeric --processes "sport = :${port}"`
    : '';
  const journal = said === '' ? '' : `\nThe journal says:\n${said}`;
  return new InstallError(`${error.message}${journal}${advice}`, steps, { cause: error });
}
