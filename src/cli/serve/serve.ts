import { startApp } from '../../app/app.ts';
import { keepAccepted } from '../../app/configuration/accepted-configuration.ts';
import { logQueries } from '../../app/explain/log-queries.ts';
import type { ConfigurationStatus } from '../../app/status.ts';
import { type Supervisor, supervise } from '../../app/supervision/supervise.ts';
import { DEFAULT_CONFIG_FILE } from '../../config/load-settings.ts';
import { settingKeys } from '../../config/settings.ts';
import { loadSettled } from '../../config/settled-file.ts';
import { openControl } from '../../control/open-control.ts';
import { InternalErrors } from '../../observe/internal-errors.ts';
import { journalEntry } from '../../observe/journal-entry.ts';
import { createLog, type Log, type LogFields, silentLog } from '../../observe/log.ts';
import { ListenError } from '../../serve/listen-error.ts';
import { servedAddressToText } from '../../serve/served-address.ts';
import { takeInheritance } from '../../system/activation/inheritance.ts';
import { closeConnections } from '../../system/listening/close-connections.ts';
import { openJournal } from '../../system/notify/journal.ts';
import { openServiceManager } from '../../system/notify/open-service-manager.ts';
import { nameProcess } from '../../system/process-name.ts';
import { onRuntimeWarning } from '../../system/runtime-warnings.ts';
import { onUncaught } from '../../system/uncaught.ts';
import { LinkError } from '../../workers/link.ts';
import { type Command, CommandError, configFlag, Exit, type ExitCode } from '../command.ts';
import { loadConfiguration, publisherEntries } from '../configuration.ts';
import { END_AT_LATEST, untilStopped } from '../stop-signal.ts';
import { judgeInherited, withInherited } from './inherited.ts';
import { listenProblem } from './listen-problem.ts';
import { Reloader } from './reloader.ts';
import { serviceDirectory, startConfiguration } from './start-configuration.ts';
import { openStateDirectory } from './state-directory.ts';

/** Runs the resolver until a signal stops it. */
export const serve: Command = {
  name: 'serve',
  description: [
    'Answers DNS queries over UDP and TCP until it receives SIGINT or SIGTERM. It then finishes the queries in flight ' +
      'and exits within 2 s. A second signal ends it at once. SIGHUP makes it read its configuration again, like "pkarrd ' +
      'reload"; an invalid one changes nothing.',
    'Names whose last label is a public key are answered from the signed packet of that key, which is fetched from the ' +
      'DHT. All other names are forwarded to upstream resolvers. No configuration is required.',
    'With an invalid configuration it does not start, except as a service, which is one that was given $STATE_DIRECTORY and ' +
      '$RUNTIME_DIRECTORY and no terminal: then it uses the last configuration that was accepted, or else the defaults, and ' +
      'the log and "pkarrd status" say so.',
  ],
  operands: [],
  flags: [configFlag],
  settings: settingKeys,
  async run(invocation, terminal) {
    const inheritance = takeInheritance(process.env);
    // From the first moment on: it ends a program that does not expect it.
    let isReloadDue = false;
    let reload = () => {
      isReloadDue = true;
    };
    process.on('SIGHUP', () => reload());
    const { loaded, status } = await startConfiguration(invocation, terminal);
    const { settings: configured, tables, warnings } = judgeInherited(loaded, inheritance);
    const journal = await openJournal(inheritance.files.get('journal'), terminal.errIsJournal);
    const log = createLog({
      level: configured.logLevel,
      write: (line, entry) => {
        if (journal === undefined) terminal.err(line);
        else journal.write(journalEntry(entry), () => terminal.err(line));
      },
      now: terminal.now,
      journal: terminal.errIsJournal,
    });
    onRuntimeWarning(({ name, message }) => log.warn('Warning of the runtime.', { kind: name, message }));
    for (const { where, message } of warnings)
      log.warn('Configuration warning.', { where, warning: message });
    tellSubstitute(log, status);
    const supervision = await openServiceManager(
      process.env,
      inheritance.files.get('notify'),
      (error: unknown) =>
        log.warn('The service manager cannot be told how pkarrd does.', { reason: String(error) }),
    );
    const { settings, given, useless } = withInherited(configured, inheritance, log);
    useless.forEach(closeConnections);
    // Tools that show who holds port 53 should show this name, not that of the runtime.
    nameProcess('pkarrd');
    const stopped = untilStopped(['SIGINT', 'SIGTERM']);
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
    let configuration = status;
    const { environment } = terminal.machine;
    const partsLog = await openStateDirectory(settings.stateDir, environment, log);
    const app = await startApp(
      settings,
      partsLog,
      publisherEntries(tables, terminal),
      internalErrors,
      given,
      () => configuration,
    ).catch((error: unknown) => {
      if (error instanceof ListenError) throw new CommandError(listenProblem(error), { cause: error });
      if (error instanceof LinkError)
        throw new CommandError(`Cannot start the workers: ${error.message}`, { cause: error });
      throw error;
    });
    logQueries(app, log);
    let supervisor: Supervisor | undefined;
    const keepIn = serviceDirectory(terminal);
    const path = invocation.value('config') ?? DEFAULT_CONFIG_FILE;
    const reloader = new Reloader(status, {
      app,
      log: partsLog,
      load: async () =>
        judgeInherited(await loadSettled(path, () => loadConfiguration(invocation, terminal)), inheritance),
      prepare: (wanted) => withInherited(wanted, inheritance, silentLog).settings,
      entriesOf: (found) => publisherEntries(found.tables, terminal),
      keepIn,
      now: terminal.now,
      onStatus: (changed) => {
        configuration = changed;
        supervisor?.changed();
      },
    });
    const requestReload = async () => {
      const request = () => reloader.request();
      return await (supervisor === undefined ? request() : supervisor.reloading(request));
    };
    const control = await openControl(
      { app, log: partsLog, reload: requestReload },
      { stateDir: settings.stateDir, environment },
    );
    if (keepIn !== undefined && status.state === 'current')
      await keepAccepted(keepIn, { settings: configured, tables, acceptedAt: terminal.now() }, partsLog);
    log.info('Ready.', { listen: app.addresses.map(servedAddressToText).join(',') || 'none yet' });
    supervisor = supervise({ app, supervision, log, notes: () => statusNotes(configuration) });
    // From here on a bug in one place must not take DNS away from everybody.
    onUncaught(({ kind, error }) => internalErrors.report(kind, error));
    reload = () => {
      requestReload().catch((error: unknown) => internalErrors.report('rejection', error));
    };
    if (isReloadDue) reload();
    const asked = stopped.then((signal): Ending => ({ fields: { signal }, code: Exit.OK }));
    const { fields, code } = await Promise.race([asked, givenUp]);
    log.info('Stopping.', fields);
    // The service manager must not have to wait, even if something hangs.
    setTimeout(() => process.exit(code), END_AT_LATEST).unref();
    await Promise.all([supervisor.stopping(), app.close(), control.close()]);
    return code;
  },
};

/** Says that another configuration is used than the one on disk, which is invalid. */
function tellSubstitute(log: Log, { state, problems, acceptedAt = 0 }: ConfigurationStatus): void {
  if (state === 'current') return;
  const used =
    state === 'accepted'
      ? `the last accepted configuration, of ${new Date(acceptedAt).toISOString()}`
      : 'the defaults';
  for (const { where, message } of problems) {
    log.error(`The configuration is invalid. Using ${used}. Correct it and run: pkarrd reload`, {
      where,
      problem: message,
    });
  }
}

/** What the service manager shows first of the configuration. */
function statusNotes({ state }: ConfigurationStatus): readonly string[] {
  switch (state) {
    case 'current':
      return [];
    case 'accepted':
      return ['The configuration is invalid, and the last accepted one is used.'];
    case 'defaults':
      return ['The configuration is invalid, and the defaults are used.'];
    case 'refused':
      return ['The configuration on disk is invalid, and the one before stays in force.'];
  }
}

/** Why the program ends, for the log, and its exit code. */
interface Ending {
  readonly fields: LogFields;
  readonly code: ExitCode;
}
