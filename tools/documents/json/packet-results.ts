import { list, object, oneOf } from './description.ts';
import {
  lookup,
  lookupMap,
  nodesPut,
  previousPacket,
  question,
  record,
  relaysPut,
} from './shared-objects.ts';
import { way } from './way.ts';

const extendedError = object('Extended error', 'Why an answer is as it is (RFC 8914).', {
  code: ['count', 'INFO-CODE.'],
  text: ['text', 'EXTRA-TEXT, possibly empty.'],
});

/** An answer to one question. */
export const answer = object('Answer', 'An answer to one question.', {
  question: [question, 'What was asked for.'],
  rcode: ['text', 'The response code, with its extended bits.'],
  'isCached?': ['boolean', 'The running pkarrd had it in its cache; absent with @SERVER.'],
  'server?': ['text', 'With @SERVER: who was asked.'],
  durationMs: ['ms', 'How long it took.'],
  authenticData: ['boolean', 'The AD flag: who was asked has validated it (DNSSEC).'],
  answers: [list(record), 'The records of the answer section.'],
  authorities: [list(record), 'The records of the authority section.'],
  extendedErrors: [list(extendedError), 'Extended errors.'],
  'way?': [way, 'With --explain: the facts, as they became known.'],
  'explanation?': [list('text'), 'With --explain: the same as sentences.'],
  'advice?': [list('text'), 'With --explain: what to do, if there is no answer.'],
});

/** Answers to several questions. */
export const answers = object('Answers', 'Answers to several questions.', {
  results: [list(answer), 'One for each type, in the order of the command line.'],
});

/** A query that was answered. */
export const followed = object('Query', 'A query that was answered.', {
  date: ['date', 'When.'],
  client: ['text', 'The address of the client, or the name of a local socket.'],
  protocol: [oneOf('udp', 'tcp', 'tls', 'https', 'local'), 'How it came.'],
  name: ['text', 'What was asked for; empty when the question could not be read.'],
  type: ['text', 'The type; empty likewise.'],
  rcode: ['text', 'The response code; `dropped` for a query that got no reply.'],
  durationMs: ['ms', 'From reading the query to having its reply.'],
  way: [way, 'How the answer came about, without the question.'],
});

/** Queries that could not be shown in time. */
export const leftOut = object('Left out', 'Queries that could not be shown in time.', {
  dropped: ['count', 'How many.'],
});

/** What is told of every packet. */
export const packetFields = {
  key: ['key', 'The public key.'],
  timestamp: ['timestamp', 'When the packet was signed.'],
  date: ['date', 'The same as a date.'],
  bytes: ['bytes', 'Its size.'],
} as const;

/** A signed packet, and what it says of a name. */
export const resolved = object('Packet', 'A signed packet, and what it says of a name.', {
  ...packetFields,
  signature: ['hex', 'The signature.'],
  ageSeconds: ['seconds', 'Since it was signed; below 0 when it is dated ahead of this clock.'],
  maxBytes: ['bytes', 'The size that can be published safely.'],
  lookup: [lookup, 'What nodes of the DHT and relays said.'],
  packet: ['hex', 'The packet: key, signature, timestamp and DNS message.'],
  name: ['text', 'The name that was asked for.'],
  'type?': ['text', 'The type, if one was given.'],
  result: [
    oneOf(
      ...['zone', 'records', 'answer', 'alias', 'referral', 'no-data', 'name-error', 'loop'],
      'name-too-long',
    ),
    'What the packet says. `zone`: all of it. `records`: those of the name.',
  ],
  records: [list(record), 'The records.'],
  'map?': [lookupMap, 'With --map: who was asked, and how near they are.'],
});

const changes = {
  'added?': [list('text'), 'Of `found` and `changed`: records that are new, as in a zone file.'],
  'removed?': [list('text'), 'Likewise: records that are gone.'],
} as const;

/** What happened to the packet of a key. A program of --exec gets it too. */
export const event = object(
  'Event',
  'What happened to the packet of a key. A program of --exec gets it too.',
  {
    event: [oneOf('found', 'changed', 'aged', 'fewer-nodes', 'gone'), 'What it is.'],
    ...packetFields,
    ageSeconds: ['seconds', 'Since it was signed; below 0 when it is dated ahead of this clock.'],
    lookup: [lookup, 'What nodes of the DHT and relays said.'],
    'previousPacket?': [previousPacket, 'Of `changed`: the packet before.'],
    ...changes,
    packet: ['hex', 'The packet: key, signature, timestamp and DNS message.'],
  },
);

const pastPacket = object('Past packet', 'A packet that was seen.', {
  timestamp: packetFields.timestamp,
  date: packetFields.date,
  firstSeen: ['date', 'When it was first seen here.'],
  bytes: packetFields.bytes,
  added: [list('text'), 'Records that the one before did not have, as in a zone file.'],
  removed: [list('text'), 'Records that only the one before had.'],
  records: [list(record), 'Its records.'],
  packet: ['hex', 'The packet: key, signature, timestamp and DNS message.'],
});

/** The last packets of a key. */
export const history = object('History', 'The last packets of a key.', {
  key: packetFields.key,
  packets: [list(pastPacket), 'The newest first.'],
});

/** A key in a file. */
export const keyInFile = object('Key', 'A key in a file.', {
  key: packetFields.key,
  keyFile: ['path', 'The file with the secret, as it was given or made.'],
});

/** A key as words. */
export const words = object('Backup', 'A key as words.', {
  key: packetFields.key,
  words: [list('text'), 'The 24 words, which are the secret.'],
});

const publishedFields = {
  ...packetFields,
  maxBytes: ['bytes', 'The size that it may have.'],
  'previousPacket?': [previousPacket, 'The packet in the network before; absent when there was none.'],
  isAdopted: [
    'boolean',
    'The packet was published elsewhere and is newer than the zone file, so it was published again unchanged.',
  ],
  nodes: [nodesPut, 'What became of it at the nodes of the DHT.'],
  relays: [relaysPut, 'What became of it at the relays.'],
} as const;

/** What was published. */
export const published = object('Published', 'What was published.', {
  ...publishedFields,
  durationMs: ['ms', 'How long it took.'],
});

/** What would be published. */
export const planned = object('Dry run', 'What would be published.', {
  key: packetFields.key,
  bytes: ['bytes', 'The size of the packet.'],
  maxBytes: ['bytes', 'The size that it may have.'],
  records: [list(record), 'The records.'],
});

const removedFields = {
  isRemoved: ['boolean', 'It was taken down now.'],
  records: [list(record), 'What is published, or was before.'],
} as const;

/** What was taken down, and the empty packet in its place. */
export const removed = object('Taken down', 'What was taken down, and the empty packet in its place.', {
  ...publishedFields,
  ...removedFields,
});

/** Nothing was changed. */
export const notRemoved = object('Not taken down', 'Nothing was changed.', {
  key: packetFields.key,
  ...removedFields,
  reason: ['text', 'Why not.'],
});
