import { list, object, oneOf, type Shape } from './description.ts';

const heard = object('Heard', 'What those who were asked for a packet had said by the time of the answer.', {
  nodesAnswered: ['count', 'Nodes that had answered.'],
  relaysAnswered: ['count', 'Relays that had answered.'],
  failed: ['count', 'Nodes and relays that had failed.'],
  held: ['count', 'How many hold this packet.'],
  heldOlder: ['count', 'How many hold another, older one.'],
  heldNothing: ['count', 'How many have nothing.'],
  'first?': ['text', 'The first that returned the packet: an address, or the URL of a relay.'],
});

/** One fact of the way of an answer. */
const fact = object(
  'Fact',
  'One fact of the way of an answer. `of` says which it is; which fields it has depends on that.',
  {
    of: [
      oneOf(
        ...['question', 'refused', 'cache', 'joined', 'hosts', 'special', 'suffix', 'petname', 'bad-key'],
        ...['stray-key', 'probe', 'any', 'packet', 'zone', 'name-server', 'upstreams', 'upstream', 'alias'],
        ...['filtered', 'portal', 'failure'],
      ),
      'Which fact it is.',
    ],
    atMs: ['ms', 'When it was known, since the question came.'],
    'name?': ['text', 'Of `question`: the name. Of `suffix`: the name that is meant.'],
    'type?': ['text', 'Of `question`: the type.'],
    'why?': [
      'text',
      'Of `question`: `asked`, `alias` or `name-server`. Of `refused`, `upstream` and `filtered`: the reason.',
    ],
    'state?': [
      oneOf('fresh', 'expired', 'stale', 'failure', 'nothing'),
      'Of `cache`: what it had. `failure`: the last attempt failed, and it is not tried again yet.',
    ],
    'ageSeconds?': ['seconds', 'Of `cache`: since the answer was stored.'],
    'leftSeconds?': ['seconds', 'Of `cache` and `packet`: until it is asked for anew.'],
    'zone?': ['text', 'Of `special` and `name-server`: the zone.'],
    'suffix?': ['text', 'Of `suffix`: the domain that stands for keys.'],
    'petname?': ['text', 'Of `petname`: the name for a key.'],
    'key?': ['key', 'Of `petname` and `packet`: the public key.'],
    'outcome?': [
      'text',
      'Of `packet`: `found`, `absent`, `unusable`, `unreachable` or `busy`. Of `zone`: `answer`, `no-data`, `name-error`, `name-too-long`, `alias`, `loop` or `referral`. Of `upstream`: `answered`, `failed` or `silent`.',
    ],
    'place?': [
      oneOf('memory', 'memory-expired', 'known-absent', 'store', 'nowhere'),
      'Of `packet`: where it was before anybody was asked.',
    ],
    'from?': [
      'text',
      'Of `packet`: who was asked, `store`, `relay` or `dht`. Of `alias`: the name that leads elsewhere.',
    ],
    'timestamp?': ['timestamp', 'Of `packet`: when it was signed.'],
    'date?': ['date', 'The same as a date.'],
    'isStale?': ['boolean', 'Of `packet`: its time to live is over.'],
    'heard?': [heard, 'Of `packet`: what the lookup had heard.'],
    'aliases?': ['count', 'Of `zone`: how many were followed inside the packet.'],
    'target?': ['text', 'Of `zone` and `alias`: where it leads.'],
    'address?': ['text', 'Of `name-server`: who was asked.'],
    'durationMs?': ['ms', 'Of `name-server` and `upstream`: how long it took.'],
    'labels?': [list('text'), 'Of `upstreams`: who can be asked.'],
    'route?': ['text', 'Of `upstreams`: the domain of the route.'],
    'link?': ['text', 'Of `upstreams`: the link that the route belongs to.'],
    'isEarlier?': [
      'boolean',
      'Of `upstreams`: nobody is asked now; the answer of the cache came from one of them.',
    ],
    'label?': ['text', 'Of `upstream`: which one was asked.'],
    'rcode?': ['text', 'Of `upstream`: what it answered.'],
    'kind?': ['text', 'Of `failure`: the reason, a word.'],
    'text?': ['text', 'A sentence or clause for people.'],
  },
);

/** How an answer came about. */
export const way: Shape = list(fact);
