import { statSync } from 'node:fs';
import { outputOf } from '../../integrate/machine.ts';
import type { CheckParts } from '../check-parts.ts';
import { type Finding, failure, fine, warning } from '../finding.ts';

/** Whether the clock can be right: packets are dated by their owners, and certificates have a time too. */
export async function examineClock({
  machine,
  programFile,
  now,
  facts,
}: CheckParts): Promise<readonly Finding[]> {
  const built = statSync(programFile).mtimeMs;
  if (now < built) {
    const text = `The clock says ${new Date(now).toISOString().slice(0, 16)}, which is before this program was made.`;
    const remedy = facts.isSystemd
      ? 'Set it: "timedatectl set-ntp true".'
      : 'Set it, and let a time service such as chrony or ntpd keep it.';
    return [failure('clock', text, remedy)];
  }
  const synchronized = await outputOf(
    machine,
    ['timedatectl', 'show', '--property=NTPSynchronized', '--value'],
    2_000,
  );
  if (synchronized?.trim() === 'no')
    return [
      warning(
        'clock',
        'Nobody sets the clock of this machine.',
        'Let it be set: "timedatectl set-ntp true".',
      ),
    ];
  return [fine('clock', `The clock says ${new Date(now).toISOString().slice(0, 16)} UTC.`)];
}
