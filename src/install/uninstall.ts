import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { removeFile, removeIfEmpty, textOf } from './files.ts';
import {
  doing,
  InstallError,
  type Machine,
  managerOf,
  RUNNING_UNITS,
  runStep,
  type Step,
} from './machine.ts';
import { service } from './service.ts';
import { dropInPaths } from './service-drop-ins.ts';
import { socketDropIn, socketServices, socketUnitName, UNIT_FOLDER } from './service-sockets.ts';
import { LISTEN_FILE, units } from './systemd-units.ts';

/** What was removed. */
export interface Removal {
  readonly steps: readonly Step[];
  /** What stays on the machine: settings, keys and state, which nobody could make again. */
  readonly left: readonly string[];
}

/**
 * Stops the service and removes what `install` wrote, and nothing else. Does nothing where it is not installed.
 * @throws InstallError
 */
export async function uninstall(machine: Machine): Promise<Removal> {
  const steps: Step[] = [];
  const manager = managerOf(machine);
  if (manager === undefined)
    throw new InstallError('No service manager was found, so there is no service to remove.', []);
  const paths = manager === 'systemd' ? unitPaths : manager.files(['pkarrd']).map(({ path }) => path);
  const existing: string[] = [];
  for (const path of paths) if ((await textOf(join(machine.root, path))) !== undefined) existing.push(path);
  if (existing.length > 0) {
    if (manager === 'systemd')
      await runStep(machine, steps, ['systemctl', 'disable', '--now', ...RUNNING_UNITS, ...others(existing)]);
    else for (const words of manager.stop) await runStep(machine, steps, words);
  }
  for (const path of existing) {
    const step = await doing(steps, path, () => removeFile(machine.root, path));
    if (step !== undefined) steps.push(step);
    if (path.includes('.d/')) await removeIfEmpty(machine.root, dirname(path));
  }
  if (existing.length > 0 && manager === 'systemd') {
    await runStep(machine, steps, ['systemctl', 'daemon-reload']);
    // A failed unit would be shown for ever.
    await machine.run({ program: 'systemctl', args: ['reset-failed', ...RUNNING_UNITS], timeout: 10_000 });
  }
  const left: string[] = [];
  for (const path of leftovers) if (await isThere(join(machine.root, path))) left.push(path);
  return { steps, left };
}

const unitPaths: readonly string[] = [
  ...Object.keys(units(['pkarrd'])).map((name) => `${UNIT_FOLDER}/${name}`),
  ...dropInPaths,
  LISTEN_FILE,
  ...socketServices.map(socketDropIn),
];

/** A state directory of DynamicUser= lies in `private` (systemd.exec(5)). */
const leftovers = [
  service.configuration,
  '/var/lib/private/pkarrd',
  '/var/lib/private/pkarrd-publish',
  '/var/cache/private/pkarrd',
  service.state,
  `${service.state}-publish`,
  '/var/cache/pkarrd',
];

/** Units that somebody may have turned on beside the service. */
function others(existing: readonly string[]): readonly string[] {
  const units = ['pkarrd-publish.timer', ...socketServices.map(socketUnitName)];
  return units.filter((unit) => existing.includes(`${UNIT_FOLDER}/${unit}`));
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}
