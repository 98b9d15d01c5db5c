import { type Machine, outputOf } from '../machine.ts';
import { type Answering, answering } from './answering.ts';
import { isThere, readText } from './files.ts';

/** The configuration of Docker's daemon (dockerd(8)). */
export const DAEMON_JSON = '/etc/docker/daemon.json';

/** The bridge of containers that name no network, unless the configuration names another one. */
const BRIDGE = 'docker0';

/** Docker as it is here. */
export interface DockerFacts {
  /** The text of daemon.json; undefined when there is none. */
  readonly configuration: string | undefined;
  /** The IPv4 address of its bridge; undefined while there is no bridge. */
  readonly bridge: string | undefined;
  /** Who answers on port 53 of that address. */
  readonly answering: Answering;
}

/** Looks for Docker. */
export async function findDocker(machine: Machine): Promise<DockerFacts | undefined> {
  const configuration = await readText(machine, DAEMON_JSON);
  if (configuration === undefined && !(await isThere(machine, '/usr/bin/dockerd'))) return undefined;
  // The bridge has its address also while no container runs, when it counts as down.
  const shown = await outputOf(machine, ['ip', '-oneline', '-4', 'address', 'show', 'dev', BRIDGE]);
  const bridge = / inet ([0-9.]+)\//.exec(shown ?? '')?.[1];
  return {
    configuration,
    bridge,
    answering: bridge === undefined ? 'nobody' : await answering(machine, bridge),
  };
}
