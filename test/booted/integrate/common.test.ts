import { test } from 'node:test';
import { rows } from './rows.ts';
import { tellRow } from './story.ts';

// The two that most machines have, one on each Debian; the others, and these on the other Debian, are in rows.test.ts.
test('NetworkManager and systemd-resolved, Debian 13: keys go to pkarrd alone, and an undo leaves /etc as it was', async () => {
  await tellRow(rows['NetworkManager and systemd-resolved']('trixie'));
});

test('systemd-networkd and systemd-resolved, Debian 12: keys go to pkarrd alone, and an undo leaves /etc as it was', async () => {
  await tellRow(rows['systemd-networkd and systemd-resolved']('bookworm'));
});
