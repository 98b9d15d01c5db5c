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
    else terminal.out(findings.map(lineOf).join('').concat(summary(findings)));
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

function lineOf({ topic, state, text, remedy }: Finding): string {
  const mark = { ok: 'ok     ', warning: 'warning', failure: 'FAILURE' }[state];
  const line = `${mark}  ${topic.padEnd(WIDTH)}  ${text}\n`;
  return remedy === undefined ? line : `${line}${' '.repeat(11 + WIDTH)}${remedy}\n`;
}

/** The longest topic. */
const WIDTH = 'systemd-resolved'.length;

function summary(findings: readonly Finding[]): string {
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  const [failures, warnings] = [count('failure'), count('warning')];
  if (failures + warnings === 0) return 'All is well.\n';
  return `${failures} ${failures === 1 ? 'failure' : 'failures'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.\n`;
}
