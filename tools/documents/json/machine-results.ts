import { list, map, object, oneOf } from './description.ts';
import { packetFields } from './packet-results.ts';
import { finding, problem, settingChange, step } from './shared-objects.ts';

const client = object('Client', 'What a browser or another program needs.', {
  program: ['text', 'Which one.'],
  'file?': ['path', 'The file that the lines go into; absent for commands.'],
  lines: [list('text'), 'The lines.'],
});

/** A certificate of this resolver, and its authority. */
export const localCertificate = object(
  'Local certificate',
  'A certificate of this resolver, and its authority.',
  {
    names: [list('text'), 'The names and addresses that it is for.'],
    notBefore: ['date', 'Its begin.'],
    notAfter: ['date', 'Its end.'],
    authorityFile: ['path', 'The certificate of the authority.'],
    certificateFile: ['path', 'The certificate.'],
    certificateKeyFile: ['path', 'Its secret key.'],
    authoritySha256: ['text', 'The fingerprint of the authority.'],
    settingLines: [list('text'), 'Lines for pkarrd.toml.'],
    clients: [list(client), 'What clients need.'],
  },
);

/** The certificate of a key, which has no end. */
export const keyCertificate = object('Key certificate', 'The certificate of a key, which has no end.', {
  key: packetFields.key,
  certificateFile: ['path', 'The file with the certificate and the secret key.'],
  names: [list('text'), 'The names that it is for.'],
});

const setting = object('Setting', 'The value of a setting.', {
  value: ['text', 'The value.'],
  from: ['text', 'Where it comes from: `default`, a file and a line, a variable, or a flag.'],
});

const publishTable = object('Publish table', 'A table `[[publish]]`.', {
  zoneFile: ['path', 'The zone file.'],
  keyFile: ['path', 'The key file.'],
  'origin?': ['text', 'The domain that the zone file was written for.'],
  'name?': ['text', 'Its name.'],
  where: ['text', 'The file and the line.'],
});

const keepTable = object('Keep table', 'A table `[[keep]]`.', {
  key: packetFields.key,
  'name?': ['text', 'Its name.'],
  where: ['text', 'The file and the line.'],
});

const systemUpstreams = object('System upstreams', 'The resolvers of the system, if they are used.', {
  servers: [list('text'), 'Their addresses.'],
  'from?': ['text', 'The file or directory that names them.'],
  isKept: ['boolean', 'The system names only pkarrd itself, so these are those of before.'],
});

/** What the configuration says. */
export const checked = object('Checked configuration', 'What the configuration says.', {
  problems: [list(problem), 'What is wrong. Then the exit code is 1.'],
  warnings: [list(problem), 'What is probably not meant.'],
  'file?': ['path', 'The file, if there is one.'],
  'settings?': [
    map(setting, 'name of the setting'),
    'Each setting. This and what follows is absent while there are errors.',
  ],
  'publish?': [list(publishTable), 'What is published.'],
  'keep?': [list(keepTable), 'What is kept in the network for others.'],
  'systemUpstreams?': [systemUpstreams, 'The resolvers of the system, if they are used.'],
});

/** What was found on this machine. */
export const findings = object('Findings', 'What was found on this machine.', {
  findings: [list(finding), 'One for each thing that was looked at.'],
});

/** A name that means a key from now on. */
export const nameAdded = object('Name added', 'A name that means a key from now on.', {
  name: ['text', 'The name.'],
  key: packetFields.key,
  'previousKey?': ['key', 'The key that it meant before.'],
});

/** A name that is none any more. */
export const nameRemoved = object('Name removed', 'A name that is none any more.', {
  name: ['text', 'The name.'],
  previousKey: ['key', 'The key that it meant.'],
});

const petname = object('Name', 'A name of your own for a key.', {
  name: ['text', 'The name.'],
  key: packetFields.key,
  from: [oneOf('configuration', 'added'), 'Where it comes from.'],
  isHidden: ['boolean', 'The configuration has the name too, and wins.'],
});

/** Names of your own for keys. */
export const petnames = object('Names', 'Names of your own for keys.', {
  petnames: [list(petname), 'The names.'],
});

/** What was removed from the caches. */
export const flushed = object('Flushed', 'What was removed from the caches.', {
  answerCount: ['count', 'Answers.'],
  packetCount: ['count', 'Packets that are looked up again when they are needed next.'],
});

/** What came of reading the configuration again. */
export const reloaded = object('Reloaded', 'What came of reading the configuration again.', {
  changed: [list(settingChange), 'Settings that have changed.'],
  needRestart: [list(settingChange), 'Settings that keep their value until the next start.'],
  publicationsAdded: [list('text'), 'The names of new publications.'],
  publicationsRemoved: [list('text'), 'The names of those that are gone.'],
  missingKeyFiles: [
    list('path'),
    'Key files that the service manager did not hand over when the program was started: it needs a restart.',
  ],
  warnings: [list(problem), 'What is probably not meant.'],
});

/** The log level. */
export const logLevel = object('Log level', 'The log level.', {
  logLevel: [oneOf('error', 'warn', 'info', 'debug'), 'The level from now on.'],
});

/** What `install` did. */
export const installed = object('Installed', 'What `install` did.', {
  manager: [oneOf('systemd', 'OpenRC', 'procd', 'launchd'), 'The service manager.'],
  steps: [list(step), 'What was done, in order.'],
  'isAnswering?': [
    'boolean',
    'It answers on 127.0.0.1, port 53; absent where it listens elsewhere. If not, the exit code is 1.',
  ],
  'noBrowsers?': ['text', 'Why browsers cannot open the sites of keys.'],
  'reopenCommand?': ['text', 'The command that makes a changed socket take effect now.'],
});

/** What `uninstall` did. */
export const uninstalled = object('Uninstalled', 'What `uninstall` did.', {
  steps: [list(step), 'What was done, in order.'],
  left: [list('path'), 'What stays: settings, keys and state.'],
});

const demoResult = object('Demo result', 'A query of the demo.', {
  what: ['text', 'What it shows.'],
  name: ['text', 'The name.'],
  type: ['text', 'The type.'],
  expect: [oneOf('records', 'NODATA', 'NXDOMAIN'), 'What is expected.'],
  rcode: ['text', 'The response code.'],
  data: [list('text'), 'The data of the records of the answer.'],
  protocol: [oneOf('udp', 'tcp'), 'How it was asked.'],
  durationMs: ['ms', 'How long it took.'],
  isExpected: ['boolean', 'The answer is what is expected.'],
  dig: ['text', 'The command that asks the same.'],
});

const demoSite = object('Demo site', 'The site of the first key, opened at the gateway.', {
  url: ['text', 'Its address.'],
  status: ['count', 'The status of HTTP.'],
  durationMs: ['ms', 'How long it took.'],
  isExpected: ['boolean', 'It is the site, and its certificate is that of the key.'],
  'verification?': ['text', 'What the gateway said of its certificate.'],
});

/** What the demo started and asked. */
export const demo = object('Demo', 'What the demo started and asked.', {
  address: ['text', 'Where the resolver answers.'],
  'bootstrap?': ['text', 'A node of the test DHT.'],
  keys: [list('key'), 'The two public keys.'],
  results: [list(demoResult), 'The queries.'],
  'site?': [demoSite, 'The site of the first key.'],
  'page?': ['text', 'The address of the page of the resolver.'],
});
