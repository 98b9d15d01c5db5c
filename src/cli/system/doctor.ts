import { realpathSync } from 'node:fs';
import type { AppStatus } from '../../app/status.ts';
import type { RunningProgram } from '../../doctor/check-parts.ts';
import { examine } from '../../doctor/examine.ts';
import type { Finding } from '../../doctor/finding.ts';
import { thisMachine } from '../../integrate/machine.ts';
import { programVersion } from '../../system/program-version.ts';
import {
  type Command,
  CommandError,
  configFlag,
  Exit,
  type Invocation,
  jsonFlag,
  type Terminal,
  writeJson,
} from '../command.ts';
import { working } from '../living-line.ts';
import { hanging, readerColumns } from '../text-columns.ts';
import { askRunning, loadStateDir } from './ask-program.ts';

/** Says what is wrong on this machine, and what to do about it. */
export const doctor: Command = {
  name: 'doctor',
  description: [
    'Looks at everything that decides whether names are found on this machine, and found by pkarrd: who has port 53, whom ' +
      'programs reach with keys and with ordinary names, systemd-resolved, /etc/resolv.conf, upstreams, the DHT, the service, ' +
      'the certificate, containers, the clock. A line for each, with what to do where something is wrong. It changes nothing.',
    'It fails when names are not found or keys are told to others. As root it sees more.',
  ],
  operands: [],
  flags: [configFlag, jsonFlag],
  settings: ['stateDir'],
  async run(invocation, terminal) {
    const { stateDir } = (await loadStateDir(invocation, terminal)).settings;
    terminal.line.show(working('Examining this machine'));
    const findings = await examine({
      machine: thisMachine,
      running: await askForStatus(invocation, terminal),
      version: programVersion(),
      programFile: programFile(),
      stateDir,
      now: terminal.now(),
    });
    terminal.line.clear();
    if (invocation.has('json')) writeJson(terminal, { findings });
    else {
      const width = readerColumns(terminal);
      terminal.out(findings.map((finding) => findingText(finding, width)).join('') + summary(findings));
    }
    return findings.some(({ state }) => state === 'failure') ? Exit.FAILED : Exit.OK;
  },
};

async function askForStatus(invocation: Invocation, terminal: Terminal): Promise<RunningProgram> {
  try {
    const options = { sockets: ['control', 'status'] } as const;
    return {
      kind: 'answers',
      status: (await askRunning(invocation, terminal, ['status'], options)) as AppStatus,
    };
  } catch (error) {
    if (error instanceof CommandError) return { kind: 'silent', reason: error.message };
    throw error;
  }
}

/** The file of this program, links followed: the one file, or what Node was given. */
function programFile(): string {
  const [, script = ''] = process.argv;
  // In the one file the script has a path that is not on the disk.
  return realpathSync(script.startsWith('/$bunfs/') ? process.execPath : script);
}

/** A finding in a line, and its remedy in another; on a terminal that is `width` columns wide what is longer goes on below. */
export function findingText(
  { topic, state, text, remedy }: Finding,
  width = Number.POSITIVE_INFINITY,
): string {
  const mark = { ok: 'ok     ', warning: 'warning', failure: 'FAILURE' }[state];
  const head = `${mark}  ${topic.padEnd(WIDTH)}  `;
  const place = { column: head.length, width };
  return [
    ...hanging(head, text, place),
    ...(remedy === undefined ? [] : hanging(' '.repeat(head.length), remedy, place)),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** The longest topic. */
const WIDTH = 'systemd-resolved'.length;

function summary(findings: readonly Finding[]): string {
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  const [failures, warnings] = [count('failure'), count('warning')];
  if (failures + warnings === 0) return 'All is well.\n';
  return `${failures} ${failures === 1 ? 'failure' : 'failures'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.\n`;
}
