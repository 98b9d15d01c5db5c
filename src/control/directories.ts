/** The directory of the system's service: `RuntimeDirectory=pkarrd` in its unit. */
const SYSTEM_DIRECTORY = '/run/pkarrd';

/** Where the sockets of a program may be. */
export interface ControlPlaces {
  readonly stateDir: string;
  /** The state directory was named for this command: no other program is meant. */
  readonly isStateDirGiven: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The directory in which `serve` opens its sockets, and whether that is one of the system, where everybody may look. */
export function ownDirectory({ stateDir, environment }: Omit<ControlPlaces, 'isStateDirGiven'>): {
  readonly directory: string;
  readonly isPublic: boolean;
} {
  const runtime = runtimeDirectory(environment);
  return runtime === undefined
    ? { directory: stateDir, isPublic: false }
    : { directory: runtime, isPublic: true };
}

/** The directories in which a command looks for the running program, one after another. */
export function directoriesToAsk({
  stateDir,
  isStateDirGiven,
  environment,
}: ControlPlaces): readonly string[] {
  if (isStateDirGiven) return [stateDir];
  // A command that the unit runs, such as ExecReload=, is told where its program is.
  const runtime = runtimeDirectory(environment);
  return [...new Set([...(runtime === undefined ? [] : [runtime]), stateDir, SYSTEM_DIRECTORY])];
}

/** systemd.exec(5): RuntimeDirectory= sets $RUNTIME_DIRECTORY, a list of absolute paths separated by colons. */
function runtimeDirectory({ RUNTIME_DIRECTORY: given }: ControlPlaces['environment']): string | undefined {
  const first = given?.split(':')[0];
  return first?.startsWith('/') === true ? first : undefined;
}
