import { join } from 'node:path';
import { root } from '../../support/installed-package.ts';
import type { Machine } from './machine.ts';

/** Puts the compiled program into a machine as /usr/bin/pkarrd, which needs Node there. */
export async function putProgram(machine: Machine): Promise<void> {
  await machine.put(join(root, 'dist/program'), '/usr/lib/pkarrd');
  await machine.sh('chmod 755 /usr/lib/pkarrd/main.js && ln -sf ../lib/pkarrd/main.js /usr/bin/pkarrd');
}
