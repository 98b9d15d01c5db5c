import { test } from 'node:test';
import { rows } from './rows.ts';
import { tellRow } from './story.ts';

for (const suite of ['trixie', 'bookworm'] as const) {
  test(`NetworkManager and systemd-resolved, ${suite}: keys are asked of pkarrd alone, and an undo leaves /etc as it was`, async () => {
    await tellRow(rows['NetworkManager and systemd-resolved'](suite));
  });
}
