import type { Kind } from '../setting-kinds.ts';

/** What the defaults of settings depend on. */
export interface Machine {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The user is root: state goes into the directory of the system. */
  readonly isRoot: boolean;
  /** The user's home directory, an absolute path; undefined for a user without one. */
  readonly home: string | undefined;
}

/** One setting. Its name is its key in the file, `--name` its flag, and `PKARRD_NAME` its variable. */
export interface Setting<T> {
  readonly name: string;
  readonly kind: Kind<T>;
  readonly default: (machine: Machine) => T;
  /** What it is, in one line without a final period. */
  readonly help: string;
  /** The default in words. */
  readonly defaultText: string;
}

/** Makes a setting; help shows its default as a value unless `defaultText` is given. */
export function setting<T>(
  value: Omit<Setting<T>, 'defaultText'> & { readonly defaultText?: string },
): Setting<T> {
  const anywhere: Machine = { environment: {}, isRoot: false, home: '~' };
  return { ...value, defaultText: value.defaultText ?? value.kind.toText(value.default(anywhere)) };
}
