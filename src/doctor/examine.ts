import { gatherFacts } from '../integrate/facts/gather.ts';
import { findIntegration } from '../integrate/overwritten.ts';
import { GetentMissingError } from '../integrate/verify.ts';
import { serviceCommands } from '../system/commands/service-commands.ts';
import type { CheckParts, Examined } from './check-parts.ts';
import { examineCertificate } from './checks/certificate.ts';
import { examineClock } from './checks/clock.ts';
import { examineContainers } from './checks/containers.ts';
import { examineLookups } from './checks/lookups.ts';
import { examinePort } from './checks/port.ts';
import { examineResolvConf } from './checks/resolv-conf.ts';
import { examineResolved } from './checks/resolved.ts';
import { examineRunning } from './checks/running.ts';
import { examineStateDirectory } from './checks/state-directory.ts';
import { examineUnit } from './checks/unit.ts';
import { type Finding, warning } from './finding.ts';

/** The checks in the order in which their findings are shown: what is wrong first is often why the rest is. */
const checks: readonly (readonly [string, (parts: CheckParts) => Promise<readonly Finding[]>])[] = [
  ['service', examineUnit],
  ['port 53', examinePort],
  ['running', async ({ running, version, commands }) => examineRunning(running, version, commands)],
  ['certificate', async ({ running, commands, now }) => examineCertificate(running, commands, now)],
  ['look-ups', examineLookups],
  ['resolv.conf', examineResolvConf],
  ['systemd-resolved', examineResolved],
  ['integration', examineIntegration],
  ['containers', examineContainers],
  ['clock', examineClock],
  ['state directory', examineStateDirectory],
];

/**
 * Looks at everything that decides whether names are found here, and found by us. Nothing is changed. A check that cannot
 * be made is a warning, and the others go on. It takes a few seconds: whatever does not answer is waited for once.
 */
export async function examine(examined: Examined): Promise<readonly Finding[]> {
  const parts: CheckParts = {
    ...examined,
    facts: await gatherFacts(examined.machine),
    commands: serviceCommands(examined.machine.root),
  };
  const findings = await Promise.all(
    checks.map(async ([topic, check]) => {
      try {
        return await check(parts);
      } catch (error) {
        // A file that cannot be read, for example. The message is the operating system's.
        if (error instanceof GetentMissingError) {
          const [text = '', remedy = ''] = error.message.split(/(?<=\.) /);
          return [warning(topic, text, remedy)];
        }
        const reason = error instanceof Error ? error.message : String(error);
        return [warning(topic, `This cannot be examined: ${reason}.`, 'Run "pkarrd doctor" as root.')];
      }
    }),
  );
  return findings.flat();
}

async function examineIntegration({ machine }: CheckParts): Promise<readonly Finding[]> {
  const integration = await findIntegration(machine);
  return (integration?.problems ?? []).map((problem) => {
    // What to do follows the first semicolon.
    const [, text = problem, remedy = 'run "pkarrd integrate" again.'] = /^(.*?); (.*)$/s.exec(problem) ?? [];
    return warning('integration', `${text.replace(/\.$/, '')}.`, sentence(remedy));
  });
}

function sentence(clause: string): string {
  return clause.charAt(0).toUpperCase() + clause.slice(1);
}
