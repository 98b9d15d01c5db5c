import { test } from 'node:test';
import { rows, type Suite } from './rows.ts';
import { tellRow } from './story.ts';

const { TEST_BOOTED_ALL } = process.env;
/** Each story takes a minute, and its root half a one more when it is made. */
export const whySkipped = TEST_BOOTED_ALL === undefined && 'only with TEST_BOOTED_ALL=1, as in .ci/full';

/** Tells rows of the table on these versions of Debian, in a run of everything. */
export function tellRows(names: readonly (keyof typeof rows)[], suites: readonly Suite[]): void {
  for (const name of names) {
    for (const suite of suites) {
      const rule = `${name}, ${suite}: keys go to pkarrd alone, and an undo leaves /etc as it was`;
      test(rule, { skip: whySkipped }, () => tellRow(rows[name](suite)));
    }
  }
}
