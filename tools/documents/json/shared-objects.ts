import { fieldsOf, list, map, object, oneOf } from './description.ts';

const problemFields = {
  where: ['text', 'The place: a file and a line, a flag, or a variable.'],
  message: ['text', 'What is wrong, as a sentence.'],
} as const;

/** One thing that is wrong with the configuration. */
export const problem = object('Problem', 'One thing that is wrong with the configuration.', problemFields);

/** A resource record. */
export const record = object('Record', 'A resource record of the DNS.', {
  name: ['text', 'The owner.'],
  ttl: ['seconds', 'The TTL, in seconds.'],
  class: [oneOf('IN'), 'The class.'],
  type: ['text', 'The type: `MX`, or `TYPE65400` for one without a name.'],
  rdata: ['text', 'The data as in a zone file.'],
  'fields?': [
    'anything',
    'The data as named fields, for SOA, MX, SRV, CAA, DS, DNSKEY, SSHFP, TLSA, NAPTR and HINFO. What they are depends on the type.',
  ],
});

/** What was asked for. */
export const question = object('Question', 'What was asked for.', {
  name: ['text', 'The name, with its final dot.'],
  type: ['text', 'The type.'],
});

const says = ['newest', 'older', 'unusable', 'nothing', 'invalid', 'refused', 'silent'] as const;

const mapNode = object('Near node', 'A node of the DHT that was asked.', {
  address: ['text', 'Its address.'],
  sharedBits: ['count', 'Leading bits that its id has in common with that of the key.'],
  distanceLog2: ['number', 'The logarithm of their distance, as a share of all ids: -160 to 0.'],
  isIdSecure: ['boolean', 'Its id fits its address (BEP 42).'],
  says: [
    oneOf(...says),
    'What it returned. `unusable`: something newer that is no packet. `invalid`: what the key did not sign.',
  ],
  'timestamp?': ['timestamp', 'When that was signed.'],
  isTokenGiven: ['boolean', 'It gave a token, so that it takes packets.'],
});

const mapRelay = object('Asked relay', 'A relay that was asked.', {
  label: ['text', 'Its host and port.'],
  says: [oneOf(...says, 'failed'), 'What it returned.'],
  'timestamp?': ['timestamp', 'When that was signed.'],
  'reason?': ['text', 'Why it failed.'],
});

/** Who was asked for a packet. */
export const lookupMap = object('Map', 'Who was asked for a packet, and how near they are to the key.', {
  nearest: [list(mapNode), 'The nearest nodes, nearest first.'],
  relaysAsked: [list(mapRelay), 'The relays.'],
  nearestAnswered: ['count', 'How many of the nearest nodes answered.'],
  nearestHeld: ['count', 'How many of them hold the newest packet.'],
  fartherHeld: ['count', 'How many others hold it.'],
  'networkNodes?': ['count', 'How many nodes the DHT has, about.'],
});

/** A packet that another one took the place of. */
export const previousPacket = object('Previous packet', 'The packet that was there before.', {
  timestamp: ['timestamp', 'When it was signed.'],
  date: ['date', 'The same as a date.'],
});

/** Who answered a lookup. */
export const lookup = object('Lookup', 'What nodes of the DHT and relays said of a packet.', {
  'asked?': ['count', 'How many were asked.'],
  answered: ['count', 'How many answered.'],
  held: ['count', 'How many hold this packet.'],
  'heldOlder?': ['count', 'How many hold an older one.'],
  'heldBefore?': ['count', 'Of the event `fewer-nodes`: how many held it before.'],
});

/** Nodes that a packet was put to. */
export const nodesPut = object('Nodes', 'What became of a packet at the nodes of the DHT.', {
  asked: ['count', 'How many it was sent to.'],
  held: ['count', 'How many hold it now: `stored` and `alreadyHeld`.'],
  stored: ['count', 'How many stored it.'],
  alreadyHeld: ['count', 'How many had it.'],
  silent: ['count', 'How many did not answer.'],
  failed: ['count', 'How many could not be sent to, or answered what is not valid.'],
  refusedByCode: [map('count', 'error code of the DHT (BEP 44)'), 'How many refused it.'],
  'problem?': ['text', 'Why the DHT could not be used.'],
});

const relayPut = object('Relay', 'What became of a packet at one relay.', {
  label: ['text', 'Its host and port.'],
  outcome: [oneOf('stored', 'conflict', 'rejected', 'failed'), 'What became of the packet there.'],
  'text?': ['text', 'Why the relay does not hold it.'],
});

/** Relays that a packet was put to. */
export const relaysPut = object('Relays', 'What became of a packet at the relays.', {
  asked: ['count', 'How many it was sent to.'],
  held: ['count', 'How many hold it now.'],
  outcomes: [list(relayPut), 'Each of them.'],
});

/** How many hold what is published. */
export const share = object('Held', 'How many hold a packet.', {
  asked: ['count', 'How many were asked to.'],
  held: ['count', 'How many do.'],
});

/** What is to be looked at. */
export const finding = object('Finding', 'What was found at one thing that was looked at.', {
  topic: ['text', 'What was looked at.'],
  state: [
    oneOf('ok', 'warning', 'failure'),
    'Of a failure names are not found, or keys are told to others. Of a warning it works, and something is not as it should be.',
  ],
  text: ['text', 'What is so.'],
  'remedy?': ['text', 'What to do about it.'],
});

/** A step that changes the machine. */
export const step = object('Step', 'One step of what changes the machine.', {
  action: [
    oneOf('written', 'created', 'unchanged', 'removed', 'kept', 'ran', 'write', 'link', 'run'),
    'What was done. The last three are of `integrate`: what is done, or would be.',
  ],
  'path?': ['path', 'The file, directory or link.'],
  'content?': ['text', 'Of `write`: the content of the file.'],
  'target?': ['path', 'Of `link`: where it leads.'],
  'command?': ['text', 'Of `ran` and `run`: the command.'],
  'why?': ['text', 'What for, as a clause.'],
});

/** What `reload` changed. */
export const settingChange = object('Setting change', 'A setting that has another value.', {
  name: ['text', 'The setting, as in the file.'],
  value: ['text', 'The value; empty for none.'],
  previousValue: ['text', 'The value before.'],
});

const saving = object('Saving', 'What one record of a zone that is too large takes.', {
  savesBytes: ['bytes', 'How much smaller the packet is without it.'],
  'file?': ['path', 'The file, of a record that is included.'],
  line: ['count', 'The line where it stands.'],
  record: ['text', 'The record as in a zone file, with names relative to the key.'],
});

const remedy = object('Remedy', 'What makes a zone that is too large smaller.', {
  savesBytes: ['bytes', 'How much smaller.'],
  text: ['text', 'What to do.'],
});

const enough = object('Enough', 'The remedies that are enough together.', {
  taken: [list('count'), 'Their places in `remedies`, from 0.'],
  bytes: ['bytes', 'The size of the packet then.'],
});

/** Domains whose names only the resolvers of one link know. */
const linkRoute = object('Link route', 'Domains whose names the resolvers of one link know.', {
  link: ['text', 'The link (network interface).'],
  domains: [list('text'), 'The domains.'],
  servers: [list('text'), 'The resolvers.'],
});

const check = object('Check', 'What was checked after a change.', {
  rule: ['text', 'What is to be so.'],
  'problem?': ['text', 'Why it is not; absent when it is.'],
});

const keptPath = object('Kept path', 'A path that somebody else has changed since.', {
  path: ['path', 'The path.'],
  'copy?': ['path', 'Where the copy of what was there before lies.'],
});

/** What `integrate --undo` did. */
export const undone = object('Undo', 'What was taken back.', {
  restored: [list('path'), 'Where what was there before is there again.'],
  kept: [list(keptPath), 'What was left alone.'],
  failures: [list('text'), 'What went wrong.'],
});

/** How an integration ended. */
export const integration = object('Integration', 'What `integrate` did, or would do.', {
  outcome: [
    oneOf('done', 'unchanged', 'declined', 'stopped', 'refused', 'by-hand', 'rolled-back'),
    'How it ended. A dry run is `declined` where there is something to do.',
  ],
  'manager?': ['text', 'What manages the resolvers of this machine.'],
  'found?': ['text', 'The same with versions, for people.'],
  'steps?': [list(step), 'What was done, or would be.'],
  'notes?': [list('text'), 'What will be different and is not meant to be.'],
  'lostRoutes?': [list(linkRoute), 'Domains that would no longer be asked of their own link.'],
  'keptRoutes?': [list(linkRoute), 'Domains that pkarrd asks of their own link.'],
  'checks?': [list(check), 'What was checked afterwards.'],
});

/** What every error has. */
const always = {
  error: ['text', 'What happened and what to do, as sentences, one per line.'],
  exitCode: ['count', 'The exit code of the command.'],
} as const;

/** An error. */
export const error = object('Error', 'In place of a result: why there is none.', {
  ...always,
  'problems?': [list(problem), 'What is wrong with the configuration, if that is why.'],
});

/** The error of `publish` for a zone that is too large. */
export const tooLargeError = object('Zone too large', 'The error for a zone that is too large.', {
  ...always,
  key: ['key', 'The public key.'],
  bytes: ['bytes', 'The size that the packet would have.'],
  maxBytes: ['bytes', 'The size that it may have.'],
  excessBytes: ['bytes', 'The difference.'],
  savings: [list(saving), 'What each record takes, the largest first; empty for very many records.'],
  remedies: [list(remedy), 'What helps, the best first.'],
  'enough?': [enough, 'What of it is enough; absent if nothing is.'],
});

/** The error of `publish` when the network did not take a packet, or holds another one. */
export const notPublishedError = object(
  'Not published',
  'The error when the network did not take the packet, or holds one that stands in the way.',
  {
    ...always,
    'details?': ['text', 'The difference and the commands, for people.'],
    key: ['key', 'The public key.'],
    reason: [
      oneOf(
        ...['clock-behind', 'last-timestamp', 'newer-elsewhere', 'empty', 'unreachable', 'not-stored'],
        'conflict',
      ),
      'Why. `newer-elsewhere`: the network holds a packet that was published elsewhere later. `conflict`: most hold something newer by now. `clock-behind`: it is dated over a day ahead of this clock, or with `last-timestamp` so that none can follow. `empty`: no record was left.',
    ],
    'heldPacket?': [previousPacket, 'The packet that stands in the way.'],
    'added?': [list('text'), 'Records that only the zone has, as in a zone file, relative to the key.'],
    'removed?': [list('text'), 'Records that only the packet in the way has.'],
    'unchangedRecords?': ['count', 'How many records both have.'],
    'lookCommand?': ['text', 'The command that shows what is there.'],
    'publishCommand?': ['text', 'The command that publishes nevertheless, or again.'],
  },
);

/** The error of `resolve --map`. */
export const mapError = object('Not found', 'The error where no packet was found, with who was asked.', {
  ...always,
  details: ['text', 'The same, drawn as text.'],
  map: [lookupMap, 'Who was asked.'],
});

/** The error of `install` and `uninstall`. */
export const installError = object('Installation failed', 'The error after some steps were done.', {
  ...always,
  steps: [list(step), 'What was done before, in order.'],
});

/** The error of `integrate`. */
export const integrationError = object('Integration failed', 'The error, and what became of the machine.', {
  ...always,
  ...fieldsOf(integration),
  'reasons?': [list('text'), 'Of `rolled-back`: why.'],
  'undone?': [undone, 'Of `rolled-back`: what was taken back.'],
  'byHand?': [list('text'), 'Of `by-hand`: the settings to make, line by line.'],
});

/** The error of `integrate --undo`. */
export const undoError = object('Undo failed', 'The error, and what was taken back.', {
  ...always,
  ...fieldsOf(undone),
});
