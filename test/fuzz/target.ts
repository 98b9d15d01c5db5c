import type { Random } from './random.ts';

/** A part of the program that is given odd inputs. */
export interface FuzzTarget {
  readonly name: string;
  /** One execution: makes an input from `random` and checks what the part does with it. Throws when that is wrong. */
  run(random: Random): void | Promise<void>;
}
