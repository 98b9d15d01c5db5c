import { test } from 'node:test';
import { rows } from './rows.ts';
import { tellRow } from './story.ts';

for (const [name, row] of Object.entries(rows)) {
  for (const suite of ['trixie', 'bookworm'] as const) {
    test(`${name}, ${suite}: keys go to pkarrd alone, and an undo leaves /etc as it was`, async () => {
      await tellRow(row(suite));
    });
  }
}
