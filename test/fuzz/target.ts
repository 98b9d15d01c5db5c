import type { Random } from './random.ts';

/** A part of the program that is given odd inputs. */
export interface FuzzTarget {
  readonly name: string;
  /**
   * One execution: makes an input from `random` and checks what the part does with it. Throws when that is wrong. A function
   * that returns at once is called without a turn of the event loop between two executions.
   */
  run(random: Random): void | Promise<void>;
}
