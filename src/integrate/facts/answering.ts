import { PROBE_ADDRESS, PROBE_LABEL } from '../../resolve/special/probe.ts';
import type { Machine } from '../machine.ts';

/** Who answers DNS queries at an address. */
export type Answering = 'pkarrd' | 'another program' | 'nobody';

/** Who answers at an address. pkarrd is known by a name that nobody else has. */
export async function answering(machine: Machine, server: string): Promise<Answering> {
  const found = await machine.ask(server, PROBE_LABEL);
  if (found === 'silent') return 'nobody';
  return found.includes(PROBE_ADDRESS) ? 'pkarrd' : 'another program';
}
