/** A warning of Node or Bun: of a use that is deprecated, of listeners that become ever more. */
export interface RuntimeWarning {
  /** Its kind, for example `MaxListenersExceededWarning`. */
  readonly name: string;
  readonly message: string;
}

/** Passes the warnings of the runtime to `take` from now on, instead of the previous taker; without one it prints them. */
export function onRuntimeWarning(take: (warning: RuntimeWarning) => void): void {
  // The runtime prints them as a listener of its own.
  process.removeAllListeners('warning');
  process.on('warning', ({ name, message }) => take({ name, message }));
}
