import { startApp } from '../../app/app.ts';
import { listenAddressToText } from '../../config/listen-address.ts';
import { settingKeys } from '../../config/settings.ts';
import { openControl } from '../../control/open-control.ts';
import { InternalErrors } from '../../observe/internal-errors.ts';
import { createLog, type LogFields } from '../../observe/log.ts';
import { ListenError } from '../../serve/listen-error.ts';
import { takeInheritance } from '../../system/activation/inheritance.ts';
import { nameProcess } from '../../system/process-name.ts';
import { onUncaught } from '../../system/uncaught.ts';
import { LinkError } from '../../workers/link.ts';
import { type Command, CommandError, configFlag, Exit, type ExitCode } from '../command.ts';
import { loadConfiguration, publisherEntries } from '../configuration.ts';
import { untilStopped } from '../stop-signal.ts';
import { withInherited } from './inherited.ts';
import { listenProblem } from './listen-problem.ts';

/** Milliseconds after a signal at which the program exits, whatever is still running. */
const END_AT_LATEST = 1_900;

/** Runs the resolver until a signal stops it. */
export const serve: Command = {
  name: 'serve',
  description: [
    'Answers DNS queries over UDP and TCP until it receives SIGINT or SIGTERM. It then finishes the queries in flight ' +
      'and exits within 2 s. A second signal ends it at once. SIGHUP is ignored.',
    'Names whose last label is a public key are answered from the signed packet of that key, which is fetched from the ' +
      'DHT. All other names are forwarded to upstream resolvers. No configuration is required.',
  ],
  operands: [],
  flags: [configFlag],
  settings: settingKeys,
  async run(invocation, terminal) {
    const inheritance = takeInheritance(process.env);
    const { settings: configured, tables, warnings } = await loadConfiguration(invocation, terminal);
    const log = createLog({
      level: configured.logLevel,
      write: terminal.err,
      now: terminal.now,
      journal: terminal.errIsJournal,
    });
    for (const { where, message } of warnings)
      log.warn('Configuration warning.', { where, warning: message });
    const { settings, given } = withInherited(configured, inheritance, log);
    // Tools that show who holds port 53 should show this name, not that of the runtime.
    nameProcess('pkarrd');
    const stopped = untilStopped(['SIGINT', 'SIGTERM']);
    process.on('SIGHUP', () => {
      log.warn(
        'SIGHUP ignored: restart pkarrd to apply a changed configuration. Zone files are followed anyway.',
      );
    });
    let giveUp: (why: Ending) => void = () => {};
    const givenUp = new Promise<Ending>((resolve) => {
      giveUp = resolve;
    });
    const internalErrors = new InternalErrors({
      log,
      now: () => performance.now(),
      onTooMany: () => giveUp({ fields: { reason: 'too many internal errors' }, code: Exit.INTERNAL }),
      onFatal: () => process.exit(Exit.INTERNAL),
    });
    const app = await startApp(settings, log, publisherEntries(tables), internalErrors, given).catch(
      (error: unknown) => {
        if (error instanceof ListenError) throw new CommandError(listenProblem(error), { cause: error });
        if (error instanceof LinkError)
          throw new CommandError(`Cannot start the workers: ${error.message}`, { cause: error });
        throw error;
      },
    );
    const places = { stateDir: settings.stateDir, environment: terminal.machine.environment };
    const control = await openControl({ app, log }, places);
    log.info('Ready.', { listen: app.addresses.map(listenAddressToText).join(',') || 'none yet' });
    // From here on a bug in one place must not take DNS away from everybody.
    onUncaught(({ kind, error }) => internalErrors.report(kind, error));
    const asked = stopped.then((signal): Ending => ({ fields: { signal }, code: Exit.OK }));
    const { fields, code } = await Promise.race([asked, givenUp]);
    log.info('Stopping.', fields);
    // The service manager must not have to wait, even if something hangs.
    setTimeout(() => process.exit(code), END_AT_LATEST).unref();
    await Promise.all([app.close(), control.close()]);
    return code;
  },
};

/** Why the program ends, for the log, and its exit code. */
interface Ending {
  readonly fields: LogFields;
  readonly code: ExitCode;
}
