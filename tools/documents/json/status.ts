import { list, map, object, oneOf } from './description.ts';
import { problem, share } from './shared-objects.ts';

const verdict = object('Verdict', 'What the state means.', {
  level: [
    oneOf('good', 'fair', 'bad'),
    '`fair`: it works, and something should be looked at. `bad`: some names are not answered.',
  ],
  sentence: ['text', 'The worst that is wrong, or that nothing is.'],
  notes: [list('text'), 'What else there is, the worst first.'],
});

const histogram = object('Durations', 'How often which durations occurred.', {
  counts: [
    list('count'),
    'How many were at most 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500 and 5000 ms, each without those before it, and how many were longer.',
  ],
  sumMs: ['ms', 'All together.'],
});

const clientQueries = object('Client queries', 'Queries of clients since the start.', {
  received: ['count', 'How many came.'],
  inFlight: ['count', 'How many have no answer yet.'],
});

const traffic = object('Traffic', 'What was asked and answered since the start.', {
  queriesByType: [map(map('count', 'type'), 'protocol'), 'Queries.'],
  responsesByRcode: [map('count', 'RCODE'), 'Replies.'],
  dropped: [
    'count',
    'Queries that got no reply, because their client asked too often or more came than can be answered.',
  ],
  durationsBySource: [
    map(histogram, 'where the answer came from'),
    'From reading a query to having its reply.',
  ],
});

const cache = object('Cache', 'The cache of answers.', {
  entries: ['count', 'Answers in it.'],
  bytes: ['bytes', 'Its size, estimated.'],
  maxBytes: ['bytes', 'The most that it may have.'],
  hits: ['count', 'Queries that it answered.'],
  misses: ['count', 'Queries that it did not.'],
  evictions: ['count', 'Answers that gave way to others.'],
});

const failure = object('Failure', 'The last failure.', {
  'kind?': ['text', 'Of an upstream: the kind, a word.'],
  text: ['text', 'What happened.'],
  agoMs: ['ms', 'How long ago.'],
});

const upstream = object('Upstream', 'A resolver for ordinary names.', {
  label: ['text', 'As in the configuration. Other users than root and that of pkarrd see its host alone.'],
  role: [oneOf('upstream', 'fallback'), 'What it is there for.'],
  isDefault: ['boolean', 'It is asked for names without a route.'],
  state: [oneOf('new', 'alive', 'late', 'dead'), 'How it does.'],
  'srttMs?': ['ms', 'The smoothed round trip; absent before the first reply.'],
  successShare: ['share', 'The smoothed share of tries that gave a usable answer.'],
  asked: ['count', 'Tries.'],
  answered: ['count', 'Tries that were answered.'],
  failed: ['count', 'Tries that failed.'],
  durations: [histogram, 'From a try to its reply.'],
  'lastWhy?': ['text', 'Why it was asked last.'],
  'heardAgoMs?': ['ms', 'Since its last reply.'],
  'lastFailure?': [failure, 'Its last failure.'],
  quirks: [list('text'), 'What it does not do as others do.'],
  wrongReplies: [map('count', 'what was wrong'), 'Replies that were none to a query.'],
});

const route = object('Route', 'Who is asked for the names of a domain.', {
  domain: ['text', 'The domain.'],
  labels: [list('text'), 'The labels of its upstreams.'],
  'link?': ['text', 'The link whose resolvers these are; absent for a route of the configuration.'],
});

const next = object('Next upstream', 'Which upstream is asked next for a name without a route.', {
  label: ['text', 'Its label.'],
  why: ['text', 'Why that one, a word.'],
});

const forwarder = object('Forwarder', 'Ordinary names since the start.', {
  questions: ['count', 'Questions.'],
  unanswered: ['count', 'Questions that no upstream answered.'],
  inFlight: ['count', 'Queries that have no answer yet.'],
  upstreams: [list(upstream), 'The upstreams.'],
  routes: [list(route), 'The routes.'],
  'next?': [next, 'Who is asked next.'],
});

const worker = object('Worker', 'A worker process.', {
  pid: ['count', 'Its id.'],
  queryCount: ['count', 'Queries that it got.'],
});

const workers = object('Workers', 'The worker processes, where there are several.', {
  running: [list(worker), 'Those that run.'],
  wanted: ['count', 'How many there should be.'],
  restarts: ['count', 'How often one ended and was replaced.'],
});

const certificateFinding = object('Certificate finding', 'What is to be looked at.', {
  text: ['text', 'What is so.'],
  remedy: ['text', 'What to do about it.'],
});

const certificate = object('Certificate', 'The certificate for encrypted DNS.', {
  names: [list('text'), 'The names that it is for.'],
  notAfter: ['date', 'Its end.'],
  findings: [list(certificateFinding), 'What is to be looked at.'],
  'problem?': ['text', 'Why its files as they are now cannot be used.'],
});

const sources = object('Sources', 'Where packets are looked up.', {
  dhtState: [oneOf('off', 'on', 'silent'), '`silent`: it is on, and no node answered lately.'],
  relayCount: ['count', 'Relays that may be asked.'],
});

const lookups = object('Lookups', 'Signed packets.', {
  keysHeld: ['count', 'Keys whose packet is in memory.'],
  lookupsStarted: ['count', 'Lookups since the start.'],
  lookupsRunning: ['count', 'Lookups that run now.'],
});

const queriesSent = object('Queries sent', 'Queries to other nodes, and how they ended.', {
  sent: ['count', 'How many there were.'],
  answered: ['count', 'How many were answered.'],
  refused: ['count', 'How many were answered with an error.'],
  silent: ['count', 'How many were not answered.'],
});

const queriesServed = object('Queries served', 'Queries of other nodes.', {
  received: ['count', 'How many came.'],
  answered: ['count', 'How many were answered.'],
});

const dht = object('DHT', 'The node of the DHT; absent while it starts, and when it is off.', {
  routingTableNodes: ['count', 'Nodes in its routing table.'],
  port: ['count', 'Its UDP port.'],
  nodeId: ['hex', 'Its node id.'],
  isIdSecure: ['boolean', 'The id fits the external address (BEP 42).'],
  'externalHost?': ['text', 'Our IPv4 address as other nodes see it.'],
  isServing: ['boolean', 'Queries of others are answered.'],
  'autoServing?': ['text', 'With `dht-serve = "auto"`: why they are or are not, a word.'],
  storedItems: ['count', 'Items that are stored for others.'],
  active: ['count', 'Lookups and puts in progress.'],
  queriesSent: [queriesSent, 'Queries to other nodes.'],
  'heardAgoMs?': ['ms', 'Since a node answered last; absent when none did.'],
  queriesServed: [queriesServed, 'Queries of other nodes.'],
  'systemError?': ['text', 'The error code of the system while queries cannot even be sent.'],
  'nextSearchMs?': ['ms', 'Until nodes are searched for again; absent while that is done.'],
  sendErrors: [map('count', 'error code of the system'), 'Datagrams that could not be sent.'],
  datagramsDropped: [map('count', 'reason'), 'Datagrams that were received and dropped.'],
  faults: ['count', 'Bugs that were caught.'],
  'lastFault?': ['text', 'The last of them.'],
});

const lastSuccess = object('Last success', 'When a packet was put into the network last.', {
  agoMs: ['ms', 'How long ago.'],
  timestamp: ['timestamp', 'When the packet was signed.'],
  bytes: ['bytes', 'Its size.'],
  nodes: [share, 'Nodes of the DHT that hold it.'],
  relays: [share, 'Relays that hold it.'],
});

const publication = object('Publication', 'A zone or a packet that is kept in the network.', {
  kind: [oneOf('publish', 'keep'), 'The table of the configuration.'],
  name: ['text', 'Its name there. Other users than root and that of pkarrd see a number.'],
  'key?': ['key', 'The public key; absent while the key file cannot be read.'],
  state: [oneOf('waiting', 'running', 'held', 'failing', 'stopped'), 'How it does.'],
  isAdopted: ['boolean', 'The packet was published elsewhere, and is kept until the zone file changes.'],
  'problem?': ['text', 'What is wrong with the zone file or the key file.'],
  'lastSuccess?': [lastSuccess, 'The last success.'],
  'nextInMs?': ['ms', 'Until the next try; absent when there is none.'],
  'lastError?': [failure, 'The last failure, also if a later try succeeded.'],
});

const holder = object('Port holder', 'A process that has a port.', {
  pid: ['count', 'Its id.'],
  name: ['text', 'Its name.'],
});

const http = object('HTTP', 'Where browsers open the sites of keys.', {
  state: [
    oneOf('off', 'refused', 'waiting', 'running'),
    '`refused`: an address is not to be had. `waiting`: nobody has connected yet.',
  ],
  'addresses?': [list('text'), 'Where it listens.'],
  'starts?': ['count', 'How often its thread was started.'],
  'address?': ['text', 'Of `refused`: the address.'],
  'systemError?': ['text', 'Of `refused`: the error code of the system.'],
  'holders?': [list(holder), 'Of `refused`: who has it.'],
});

const configuration = object('Configuration', 'Whether the configuration on disk is the one that is used.', {
  state: [
    oneOf('current', 'accepted', 'defaults', 'refused'),
    '`current`: it is. `accepted`: the last one that was accepted is used. `defaults`: the defaults are. `refused`: the one before the last reload is.',
  ],
  'file?': ['path', 'The file that it was read from.'],
  problems: [list(problem), 'What is wrong with the one on disk.'],
  'acceptedAt?': ['date', 'Of `accepted`: when it was.'],
});

const internalError = object('Internal error', 'A bug that was met since the start.', {
  kind: ['text', 'How it came to light, a word.'],
  part: ['text', 'The part of the program.'],
  place: ['text', 'The place in the program.'],
  count: ['count', 'How often.'],
  agoMs: ['ms', 'Since the last.'],
});

/** The state of the running program. */
export const status = object('Status', 'The state of the running program.', {
  verdict: [verdict, 'What it means.'],
  version: ['text', 'The version of the program.'],
  pid: ['count', 'The id of its process.'],
  uptimeSeconds: ['seconds', 'Since its start.'],
  listen: [list('text'), 'Where it listens.'],
  'portNotPermitted?': [
    'count',
    'The port that it was not permitted to listen on, in place of which it took another one.',
  ],
  queries: [clientQueries, 'Queries of clients.'],
  traffic: [traffic, 'What was asked and answered.'],
  loopDelay: [histogram, 'How late the event loop was, looked at once a second.'],
  cache: [cache, 'The cache of answers.'],
  forwarder: [forwarder, 'Ordinary names.'],
  isPortalLikely: ['boolean', 'The network seems to have a captive portal that is not open yet.'],
  'workers?': [workers, 'The worker processes; absent when there is one process.'],
  'certificate?': [certificate, 'The certificate for encrypted DNS; absent when there is none.'],
  sources: [sources, 'Where packets are looked up.'],
  lookups: [lookups, 'Signed packets.'],
  store: [
    oneOf('writing', 'read-only', 'waiting', 'closed'),
    'Whether packets are kept over a restart: only when it is `writing`.',
  ],
  'dht?': [dht, 'The node of the DHT.'],
  publications: [list(publication), 'What is kept in the network, in the order of the configuration.'],
  http: [http, 'Where browsers open the sites of keys.'],
  'configuration?': [configuration, 'Whether the configuration on disk is used.'],
  internalErrors: [list(internalError), 'Bugs, the most frequent first.'],
  'integrationProblems?': [list('text'), 'What is not as `integrate` left it; absent when that was not run.'],
});
