import { dirname } from 'node:path';
import { ConfigError } from '../../config/config-error.ts';
import { type ListenAddress, parseListenAddress } from '../../config/listen-address.ts';
import { DEFAULT_CONFIG_FILE } from '../../config/load-settings.ts';
import { settings } from '../../config/settings.ts';
import { type Installation, type InstallOptions, install as installService } from '../../install/install.ts';
import { InstallError, type Step, thisMachine } from '../../install/machine.ts';
import { runningProgram } from '../../install/program-path.ts';
import { sendsDatagrams } from '../../system/notify/datagram-sender.ts';
import {
  type Command,
  CommandError,
  Exit,
  type Invocation,
  jsonFlag,
  type Terminal,
  UsageError,
  writeJson,
} from '../command.ts';
import { loadUsedConfiguration } from '../configuration.ts';
import { working } from '../living-line.ts';

/** Makes this program a service of the machine. */
export const install: Command = {
  name: 'install',
  description: [
    'Makes this program a service: it starts now and with the machine, and answers on 127.0.0.1 and ::1, port 53. With ' +
      'systemd, which holds its sockets, no query is refused or lost while it restarts. It is installed for OpenRC, procd ' +
      '(OpenWrt) and launchd (macOS) too, which the tests of pkarrd do not run.',
    'With systemd it answers at the addresses of --listen too, also when one comes later; without --listen those of an ' +
      'earlier run stay. The sockets of DNS over TLS and HTTPS are opened where the settings tls-listen and https say, which need ' +
      'certificate and certificate-key in the configuration file; with "none" they are closed for good. That of http, where browsers ' +
      'open sites of keys, is open unless http is off.',
    'A second run changes only what is not as it should be. Run it again when the program has moved or was replaced by a newer ' +
      'one, which runs from then on.',
    'The machine asks it after "pkarrd integrate".',
  ],
  operands: [],
  flags: [jsonFlag],
  settings: ['listen', 'tlsListen', 'https', 'http'],
  async run(invocation, terminal) {
    if (!terminal.machine.isRoot) {
      throw new CommandError('Permission denied to install a service. Run this command as root.');
    }
    const { listen: given } = invocation.settings;
    try {
      const listen = given?.map(listenAddress);
      const needsHelper = !(await sendsDatagrams());
      const services = await wantedServices(invocation, terminal);
      const named = serviceFlags.filter((key) => invocation.settings[key] !== undefined);
      terminal.line.show(working('Installing the service'));
      const done = await installService(thisMachine, {
        ...{ program: runningProgram(), needsHelper, listen, services },
        named: named.map((key) => settings[key].name),
      });
      terminal.line.clear();
      if (invocation.has('json')) writeJson(terminal, installationToJson(done));
      else writeText(done, terminal);
      return done.answers === false ? Exit.FAILED : Exit.OK;
    } catch (error) {
      if (error instanceof InstallError) throw asCommandError(error, invocation, terminal);
      throw error;
    }
  },
};

/** The installation for `--json`. */
export function installationToJson({ manager, steps, answers, noBrowsers, reopen }: Installation) {
  return {
    ...{ manager, steps },
    ...(answers !== undefined && { isAnswering: answers }),
    ...(noBrowsers !== undefined && { noBrowsers }),
    ...(reopen !== undefined && { reopenCommand: reopen }),
  };
}

function listenAddress(text: string): ListenAddress {
  const address = parseListenAddress(text, 53);
  if (address !== undefined && address.port !== 0) return address;
  throw new UsageError(`install: --listen ${text} is not an address such as 192.168.1.2:53 or [fd00::2]:53.`);
}

/** The flags that only a socket unit can hold. */
const serviceFlags = ['listen', 'tlsListen', 'https', 'http'] as const;

/** Where the settings have DNS over TLS and HTTPS answered; absent for what they do not tell. */
async function wantedServices(
  invocation: Invocation,
  terminal: Terminal,
): Promise<NonNullable<InstallOptions['services']>> {
  const found = await loadUsedConfiguration(invocation, terminal, [
    'tlsListen',
    'https',
    'certificate',
    'http',
  ]).catch((error: unknown) => {
    const isTold = serviceFlags.some((key) => key !== 'listen' && invocation.settings[key] !== undefined);
    if (isTold || !(error instanceof ConfigError)) throw error;
    // A service begins with an invalid file too: see `serve`.
    return undefined;
  });
  if (found === undefined) return {};
  const { settings: values, origins } = found;
  const told = (['tlsListen', 'https'] as const).filter((key) => origins[key] !== 'default');
  for (const key of told) {
    const { name } = settings[key];
    if (values[key].some(({ port }) => port === 0))
      throw new UsageError(`install: ${name} needs a port that is not 0.`);
    if (values[key].length === 0 || values.certificate !== 'none') continue;
    throw new CommandError(
      `${name} needs a certificate: set certificate and certificate-key in ${DEFAULT_CONFIG_FILE} first. ` +
        `If you have none, make one: pkarrd certificate --out ${dirname(DEFAULT_CONFIG_FILE)}/tls`,
    );
  }
  return {
    ...(told.includes('tlsListen') && { tls: values.tlsListen }),
    ...(told.includes('https') && { https: values.https }),
    http: values.http === 'off' ? [] : values.http,
  };
}

function writeText({ steps, answers, manager, noBrowsers, reopen }: Installation, terminal: Terminal): void {
  terminal.out(stepsText(steps));
  if (noBrowsers !== undefined) {
    terminal.err(
      `pkarrd: Sites of keys cannot be opened in browsers, and DNS is not concerned. ${noBrowsers}\n`,
    );
  }
  if (reopen !== undefined) {
    terminal.out(
      'pkarrd.socket has changed. The open sockets stay as they are, so that no query is lost, and the change takes effect ' +
        `when the machine starts. To have it now, at the price of queries in that moment: ${reopen}\n`,
    );
  }
  if (answers === true) {
    terminal.out('pkarrd answers on 127.0.0.1, port 53. "pkarrd integrate" makes this machine ask it.\n');
  } else if (answers === undefined)
    terminal.out(`pkarrd is a service of ${manager}, and listens on 127.0.0.1, port 5300.\n`);
  else {
    terminal.err(
      'pkarrd: It was started, and does not answer on 127.0.0.1, port 53. "pkarrd doctor" looks for the reason.\n',
    );
  }
}

/** A line for each step. */
export function stepsText(steps: readonly Step[]): string {
  return steps
    .map((step) =>
      step.action === 'ran' ? `ran        ${step.command}\n` : `${step.action.padEnd(10)} ${step.path}\n`,
    )
    .join('');
}

/** The error of a command, after the steps that were done before it. */
export function asCommandError(
  error: InstallError,
  invocation: Invocation,
  terminal: Terminal,
): CommandError {
  const { message, steps } = error;
  if (invocation.has('json')) return new CommandError(message, { cause: error, values: { steps } });
  if (steps.length > 0) terminal.err(stepsText(steps));
  return new CommandError(message, { cause: error });
}
