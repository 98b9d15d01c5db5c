import { hasLoopback } from '../../system/interfaces.ts';
import { CommandError } from '../command.ts';

/** For commands whose every part is on 127.0.0.1. @throws CommandError when that cannot be reached. */
export function requireLoopback(): void {
  if (hasLoopback()) return;
  throw new CommandError(
    'The loopback interface is down, and everything here is on 127.0.0.1. Turn it on with: ip link set lo up',
  );
}
