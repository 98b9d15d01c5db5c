import { existsSync, realpathSync } from 'node:fs';
import { outputOf } from '../../integrate/machine.ts';
import type { CheckParts } from '../check-parts.ts';
import { type Finding, failure, fine, warning } from '../finding.ts';

const TOPIC = 'service';
const PROPERTIES = 'LoadState,ActiveState,UnitFileState,NeedDaemonReload,NRestarts,FragmentPath,ExecStart';

/** The unit of the service: whether it is installed, starts at boot, runs, and runs this program. */
export async function examineUnit({ machine, programFile, facts }: CheckParts): Promise<readonly Finding[]> {
  const shown = await outputOf(
    machine,
    ['systemctl', 'show', 'pkarrd.service', `--property=${PROPERTIES}`],
    3_000,
  );
  // No systemd here.
  if (shown === undefined) return [];
  const unit = new Map(
    shown.split('\n').map((line) => [line.replace(/=.*$/, ''), line.replace(/^[^=]*=/, '')]),
  );
  if (unit.get('LoadState') !== 'loaded')
    return facts.answering === 'pkarrd'
      ? [
          warning(
            TOPIC,
            'pkarrd runs, and not as a service: it is gone after a restart.',
            'Run "pkarrd install".',
          ),
        ]
      : [failure(TOPIC, 'pkarrd is not installed as a service.', 'Run "pkarrd install".')];

  const findings: Finding[] = [];
  const state = unit.get('ActiveState');
  if (state !== 'active')
    findings.push(
      failure(
        TOPIC,
        `The service is ${state}.`,
        'See "journalctl -u pkarrd", and start it: "systemctl start pkarrd".',
      ),
    );
  if (unit.get('UnitFileState') === 'disabled')
    findings.push(
      warning(TOPIC, 'The service does not start at boot.', 'Run "systemctl enable pkarrd.socket pkarrd".'),
    );
  if (unit.get('NeedDaemonReload') === 'yes')
    findings.push(
      warning(
        TOPIC,
        'Its unit was changed since systemd read it.',
        'Run "systemctl daemon-reload" and "systemctl restart pkarrd".',
      ),
    );
  const restarts = Number(unit.get('NRestarts') ?? 0);
  if (restarts > 0)
    findings.push(
      warning(
        TOPIC,
        `systemd had to start it again ${restarts === 1 ? 'once' : `${restarts} times`}.`,
        'See "journalctl -u pkarrd" for why.',
      ),
    );
  findings.push(...programFindings(unit.get('ExecStart') ?? '', programFile));
  return findings.length > 0
    ? findings
    : [fine(TOPIC, `The service is active (${unit.get('FragmentPath')}).`)];
}

/** systemctl(1) shows a command as `{ path=/usr/bin/pkarrd ; argv[]=/usr/bin/pkarrd serve ; … }`. */
function programFindings(execStart: string, programFile: string): readonly Finding[] {
  const [, words = ''] = /argv\[\]=(.*?) ;/.exec(execStart) ?? [];
  const paths = words.split(' ').filter((word) => word.startsWith('/'));
  const missing = paths.find((path) => !existsSync(path));
  if (missing !== undefined)
    return [
      failure(TOPIC, `Its unit starts ${missing}, which does not exist.`, 'Run "pkarrd install" again.'),
    ];
  const isOurs = paths.some((path) => realpathSync(path) === programFile);
  return isOurs || paths.length === 0
    ? []
    : [
        warning(
          TOPIC,
          `Its unit starts ${paths.join(' ')}, and this is ${programFile}.`,
          'Run "pkarrd install" with the one that you want.',
        ),
      ];
}
