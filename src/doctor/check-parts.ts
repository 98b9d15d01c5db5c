import type { AppStatus } from '../app/status.ts';
import type { Facts } from '../integrate/facts/facts.ts';
import type { Machine } from '../integrate/machine.ts';
import type { ServiceCommands } from '../system/commands/service-commands.ts';

/** Who asks, and what is known of the program that runs. */
export interface Examined {
  readonly machine: Machine;
  readonly running: RunningProgram;
  /** The version of this program, and the file that was started. */
  readonly version: string;
  readonly programFile: string;
  readonly stateDir: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** What the running program says of itself, or why it says nothing. */
export type RunningProgram =
  | { readonly kind: 'answers'; readonly status: AppStatus }
  | {
      readonly kind: 'silent';
      /** A sentence; others that follow say what to do. */
      readonly reason: string;
    };

/** What a check looks at. */
export interface CheckParts extends Examined {
  readonly facts: Facts;
  /** What a person does with the service on this machine. */
  readonly commands: ServiceCommands;
}
