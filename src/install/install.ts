import { realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ListenAddress } from '../config/listen-address.ts';
import { putDirectory, putFile, removeFile, removeIfEmpty, textOf } from './files.ts';
import {
  doing,
  InstallError,
  type Machine,
  managerOf,
  RUNNING_UNITS,
  runStep,
  type Step,
} from './machine.ts';
import type { OtherManager } from './other-managers.ts';
import { whyHidden } from './program-path.ts';
import { type ProgramWords, service, type WantedFile } from './service.ts';
import { dropInPaths } from './service-drop-ins.ts';
import {
  hasAddressesOfUnit,
  type SocketService,
  socketDropIn,
  socketFile,
  socketServices,
  socketUnitName,
} from './service-sockets.ts';
import { isActive, startStep, startUnits } from './start-units.ts';
import { LISTEN_FILE, listenFile, SOCKET_FILE, systemdFiles } from './systemd-units.ts';

/** How pkarrd becomes a service. */
export interface InstallOptions {
  readonly program: ProgramWords;
  /** See `ServiceSystem`. */
  readonly needsHelper: boolean;
  /** Addresses beside loopback; undefined leaves those of an earlier installation. */
  readonly listen: readonly ListenAddress[] | undefined;
  /**
   * Addresses for what has a socket unit of its own: an empty list turns it off, and what is absent stays as an earlier installation
   * has it.
   */
  readonly services?: Readonly<Partial<Record<SocketService, readonly ListenAddress[]>>>;
  /** Settings of the command line: only a socket unit can hold them. */
  readonly named?: readonly string[];
}

/** What was installed. */
export interface Installation {
  readonly manager: 'systemd' | OtherManager['name'];
  readonly steps: readonly Step[];
  /** Whether it answers on 127.0.0.1, port 53; undefined where it was not asked, since it listens elsewhere. */
  readonly answers: boolean | undefined;
  /** Why the socket for browsers is not open, as a sentence; DNS is not concerned. */
  readonly noBrowsers: string | undefined;
  /** The command that opens the sockets anew: their unit was changed, and what is open stays as it was until the next boot. */
  readonly reopen: string | undefined;
}

/** Opens the sockets anew, for which the service stops. What is asked in that moment is refused or lost. */
const REOPEN = ['systemctl', 'restart', 'pkarrd.socket'] as const;

/** Where packages put their units (systemd.unit(5)). */
const PACKAGE_UNITS = ['/usr/lib/systemd/system', '/lib/systemd/system'];

/**
 * Makes this program a service that starts with the machine, and starts it. What is as it should be already is left alone.
 * @throws InstallError
 */
export async function install(machine: Machine, options: InstallOptions): Promise<Installation> {
  const manager = managerOf(machine);
  if (manager === undefined) {
    throw new InstallError(
      `No service manager was found: neither systemd nor OpenRC, procd or launchd. Have this started with the machine: ` +
        `${options.program.join(' ')} serve`,
      [],
    );
  }
  const why = whyHidden(options.program);
  if (why !== undefined) throw new InstallError(why, []);
  return manager === 'systemd'
    ? await installUnits(machine, options)
    : await installOther(machine, manager, options);
}

async function installUnits(
  machine: Machine,
  { program, needsHelper, listen, services = {} }: InstallOptions,
): Promise<Installation> {
  const steps: Step[] = [];
  const version = await systemdVersion(machine);
  const wasOpen = await isActive(machine, 'pkarrd.socket');
  // A package brings everything but the addresses.
  const isWhole = !(await isPackaged(machine, program));
  const files = isWhole ? systemdFiles(program, { version, needsHelper }) : [];
  await putDirectories(machine, steps);
  const changed = await putFiles(machine, steps, files);
  const isSocketChanged = steps.some(
    ({ action, ...step }) => action === 'written' && 'path' in step && step.path === SOCKET_FILE,
  );
  const listenBefore = await textOf(join(machine.root, LISTEN_FILE));
  const isListenChanged = listen !== undefined && (await putFiles(machine, steps, [listenFile(listen)]));
  const { wanted, isTurnedOff, changed: changedSockets } = await putSockets(machine, steps, services);
  // One that an earlier systemd had, and this one does not understand.
  const isStale = isWhole && (await removeOtherDropIns(machine, steps, files));
  if (changed || isListenChanged || isStale || isTurnedOff || changedSockets.length > 0)
    await runStep(machine, steps, ['systemctl', 'daemon-reload']);
  await runStep(machine, steps, ['systemctl', 'enable', ...RUNNING_UNITS, ...wanted.map(socketUnitName)]);
  const isOutdated = changed || isStale || isTurnedOff || (await hasChangedSinceStart(machine, program));
  let noBrowsers: string | undefined;
  try {
    // systemd opens sockets when their unit starts, and only while the service is stopped. An upgrade is no reason for that;
    // who names addresses wants them now.
    if (isListenChanged && wasOpen) await startStep(machine, steps, REOPEN);
    noBrowsers = await startUnits(machine, steps, {
      isServiceChanged: isOutdated,
      sockets: wanted,
      changedSockets,
    });
  } catch (error) {
    if (!isListenChanged || !(error instanceof InstallError)) throw error;
    await restoreListen(machine, steps, { before: listenBefore, cause: error });
  }
  const reopen = isSocketChanged && wasOpen && !isListenChanged ? REOPEN.join(' ') : undefined;
  return { manager: 'systemd', steps, answers: await machine.answers(), noBrowsers, reopen };
}

/** Whether the service runs, and was started before a file of the program was put there: npm replaces files below it. */
async function hasChangedSinceStart(machine: Machine, program: ProgramWords): Promise<boolean> {
  const args = ['show', '--timestamp=unix', '--property=ExecMainStartTimestamp', '--value', 'pkarrd.service'];
  const { out } = await machine.run({ program: 'systemctl', args, timeout: 10_000 });
  const [, seconds] = /^@(\d+)$/m.exec(out) ?? [];
  if (seconds === undefined) return false;
  // The time of the change of the inode: the other one comes with the file, out of an archive.
  return program.some((path) => statSync(path).ctimeMs >= Number(seconds) * 1_000);
}

/** Writes and removes the addresses of what has a socket unit of its own. */
async function putSockets(
  machine: Machine,
  steps: Step[],
  services: NonNullable<InstallOptions['services']>,
): Promise<{
  readonly wanted: readonly SocketService[];
  readonly changed: readonly SocketService[];
  readonly isTurnedOff: boolean;
}> {
  const wanted: SocketService[] = [];
  const changed: SocketService[] = [];
  let isTurnedOff = false;
  for (const name of socketServices) {
    const path = socketDropIn(name);
    const before = await textOf(join(machine.root, path));
    const addresses = services[name];
    // Only the one for browsers is on without a file of ours.
    const isOn = before !== undefined || (name === 'http' && (await isActive(machine, socketUnitName(name))));
    if (addresses?.length === 0) {
      if (!isOn) continue;
      await runStep(machine, steps, ['systemctl', 'disable', '--now', socketUnitName(name)]);
      await removeDropIn(machine, steps, path);
      isTurnedOff = true;
    } else if (addresses === undefined) {
      if (isOn) wanted.push(name);
    } else if (name === 'http' && hasAddressesOfUnit(name, addresses)) {
      wanted.push(name);
      if (before === undefined) continue;
      await removeDropIn(machine, steps, path);
      changed.push(name);
    } else {
      wanted.push(name);
      if (await putFiles(machine, steps, [socketFile(name, addresses)])) changed.push(name);
    }
  }
  return { wanted, changed, isTurnedOff };
}

async function removeDropIn(machine: Machine, steps: Step[], path: string): Promise<void> {
  const step = await doing(steps, path, () => removeFile(machine.root, path));
  if (step !== undefined) steps.push(step);
  await removeIfEmpty(machine.root, dirname(path));
}

/**
 * Goes back to the addresses of before: one that the kernel refuses must not leave the machine without an answer on loopback.
 * @throws InstallError always, with what went wrong first
 */
async function restoreListen(
  machine: Machine,
  steps: Step[],
  { before, cause }: { readonly before: string | undefined; readonly cause: InstallError },
): Promise<never> {
  const path = LISTEN_FILE;
  if (before === undefined) await removeDropIn(machine, steps, path);
  else await putFiles(machine, steps, [{ path, content: before, mode: 0o644 }]);
  await runStep(machine, steps, ['systemctl', 'daemon-reload']);
  const advice = 'The addresses of --listen were not taken: those of before are in force again.';
  try {
    await runStep(machine, steps, ['systemctl', 'start', 'pkarrd.socket']);
    await runStep(machine, steps, ['systemctl', 'start', 'pkarrd.service']);
  } catch (error) {
    // Something else is wrong too, and has been told.
    if (!(error instanceof InstallError)) throw error;
    throw new InstallError(cause.message, steps, { cause });
  }
  throw new InstallError(`${cause.message}\n${advice}`, steps, { cause });
}

/** The version of systemd, such as 257. */
async function systemdVersion(machine: Machine): Promise<number> {
  const { out, code, problem } = await machine.run({
    program: 'systemctl',
    args: ['--version'],
    timeout: 10_000,
  });
  const [, version] = /^systemd (\d+)/.exec(out) ?? [];
  if (version === undefined)
    throw new InstallError(`"systemctl --version" ${problem ?? `ended with ${code}`}.`, []);
  return Number(version);
}

/** Whether a package of the system has the units of this very program. @throws InstallError when they are of another one */
async function isPackaged({ root }: Machine, program: ProgramWords): Promise<boolean> {
  for (const folder of PACKAGE_UNITS) {
    const unit = join(folder, 'pkarrd.service');
    const text = await textOf(join(root, unit));
    if (text === undefined) continue;
    const [, path = ''] = /^ExecStart=(\S+)/m.exec(text) ?? [];
    if (realpathOf(join(root, path)) === program.at(-1)) return true;
    throw new InstallError(
      `A package has installed ${unit}, which runs ${path}, and this is ${program.join(' ')}. ` +
        'Remove the package first, or use its program.',
      [],
    );
  }
  return false;
}

function realpathOf(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    return undefined;
  }
}

/** /etc/pkarrd, and the folders in it whose files only root and the running service can read. */
async function putDirectories(machine: Machine, steps: Step[]): Promise<void> {
  for (const [path, mode] of [
    [service.configuration, 0o755],
    [`${service.configuration}/keys`, 0o700],
    [`${service.configuration}/tls`, 0o700],
  ] as const) {
    steps.push(await doing(steps, path, () => putDirectory(machine.root, path, mode)));
  }
}

/** Writes files. Returns whether one has changed. */
async function putFiles(machine: Machine, steps: Step[], files: readonly WantedFile[]): Promise<boolean> {
  let isChanged = false;
  for (const file of files) {
    const step = await doing(steps, file.path, () => putFile(machine.root, file));
    steps.push(step);
    isChanged ||= step.action === 'written';
  }
  return isChanged;
}

async function removeOtherDropIns(
  machine: Machine,
  steps: Step[],
  wanted: readonly WantedFile[],
): Promise<boolean> {
  let isRemoved = false;
  for (const path of dropInPaths) {
    if (wanted.some((file) => file.path === path)) continue;
    const step = await doing(steps, path, () => removeFile(machine.root, path));
    if (step !== undefined) steps.push(step);
    isRemoved ||= step?.action === 'removed';
  }
  return isRemoved;
}

async function installOther(
  machine: Machine,
  manager: OtherManager,
  { program, named: [first] = [] }: InstallOptions,
): Promise<Installation> {
  if (first !== undefined) {
    throw new InstallError(
      `With ${manager.name} there is no socket unit: write ${first} = […] into ${service.configuration}/pkarrd.toml.`,
      [],
    );
  }
  const steps: Step[] = [];
  await putDirectories(machine, steps);
  await putFiles(machine, steps, manager.files(program));
  for (const words of manager.start) await runStep(machine, steps, words);
  return {
    manager: manager.name,
    steps,
    answers: manager.name === 'procd' ? undefined : await machine.answers(),
    noBrowsers: undefined,
    reopen: undefined,
  };
}
