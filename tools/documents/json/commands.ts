import type { CommandOutputs, JsonObject, Output } from './description.ts';
import {
  checked,
  demo,
  findings,
  flushed,
  installed,
  keyCertificate,
  localCertificate,
  logLevel,
  nameAdded,
  nameRemoved,
  petnames,
  reloaded,
  uninstalled,
} from './machine-results.ts';
import {
  answer,
  answers,
  event,
  followed,
  history,
  keyInFile,
  leftOut,
  notRemoved,
  planned,
  published,
  removed,
  resolved,
  words,
} from './packet-results.ts';
import {
  installError,
  integration,
  integrationError,
  mapError,
  notPublishedError,
  tooLargeError,
  undoError,
  undone,
} from './shared-objects.ts';
import { status } from './status.ts';

/** What each command writes, in the order of help. */
export const commandOutputs: readonly CommandOutputs[] = [
  { command: 'demo', outputs: [whole(demo)] },
  {
    command: 'resolve',
    outputs: [
      whole(resolved),
      line(resolved, 'with --watch, one for each newer packet'),
      whole(mapError, 'with --map, where no packet was found'),
    ],
  },
  { command: 'watch', outputs: [line(event)] },
  { command: 'history', outputs: [whole(history)] },
  { command: 'keygen', outputs: [whole(keyInFile)] },
  { command: 'pubkey', outputs: [whole(keyInFile)] },
  { command: 'backup', outputs: [whole(words)] },
  {
    command: 'publish',
    outputs: [
      whole(published),
      whole(planned, 'with --dry-run'),
      whole(removed, 'with --remove'),
      whole(notRemoved, 'with --remove in a dry run, or where nothing is published'),
      whole(tooLargeError, 'for a zone that is too large'),
      whole(notPublishedError, 'where the network holds another packet or took none'),
    ],
  },
  {
    command: 'certificate',
    outputs: [whole(localCertificate, 'with --out alone'), whole(keyCertificate, 'with --key')],
  },
  { command: 'check', outputs: [whole(checked)] },
  { command: 'status', outputs: [whole(status)] },
  {
    command: 'query',
    outputs: [
      whole(answer),
      whole(answers, 'for several types'),
      line(followed, 'with --follow'),
      line(leftOut, 'with --follow, when queries were left out'),
    ],
  },
  { command: 'doctor', outputs: [whole(findings)] },
  {
    command: 'name',
    outputs: [whole(nameAdded, '`add`'), whole(nameRemoved, '`remove`'), whole(petnames, '`list`')],
  },
  { command: 'flush', outputs: [whole(flushed)] },
  { command: 'reload', outputs: [whole(reloaded)] },
  { command: 'log-level', outputs: [whole(logLevel)] },
  { command: 'install', outputs: [whole(installed), whole(installError, 'when it failed')] },
  { command: 'uninstall', outputs: [whole(uninstalled), whole(installError, 'when it failed')] },
  {
    command: 'integrate',
    outputs: [
      whole(integration),
      whole(undone, 'with --undo'),
      whole(integrationError, 'when it failed'),
      whole(undoError, 'with --undo, when it failed'),
    ],
  },
];

/** The only object that standard output is. */
function whole(of: JsonObject, when = ''): Output {
  return { when, object: of, isLine: false };
}

/** One of many objects, each in a line. */
function line(of: JsonObject, when = ''): Output {
  return { when, object: of, isLine: true };
}
