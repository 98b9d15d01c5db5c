/** Where our relay answers differently than pkarr-relay 2.1.0 on purpose: the request, what differs, and why. */
export interface Difference {
  readonly what: string;
  readonly why: string;
}

/** In every answer, and so not in the list below. */
export const everywhere: Readonly<Record<string, string>> = {
  vary: 'The origin alone decides what our answers are.',
  'access-control-expose-headers':
    'It is told to pages of other origins, who alone have a use for it; and it has more headers.',
  'cache-control':
    'It is what is left of the time to live, so that no cache has a packet for up to twice of it; and errors are not kept.',
  etag: '`Last-Modified` has whole seconds, so that who echoes it never has 304 from pkarr-relay. An ETag tells the microsecond.',
};

const text = 'text/plain; charset=utf-8';
const sentence = 'Every error has a sentence for people.';

/** By the name of the request. */
export const differences: Readonly<Record<string, readonly Difference[]>> = {
  'GET unknown': [{ what: `content-type: absent, ours ${text}`, why: sentence }],
  'PUT 1073 bytes': [
    {
      what: 'status: 400, ours 413',
      why: "The standard (pkarr's design/relays.md) has 413 for what is too large.",
    },
  ],
  'GET alias of key': [
    {
      what: 'status: 404, ours 400',
      why: 'A key has one spelling. pkarr-relay looks up whichever key its decoder makes of it.',
    },
    { what: `content-type: absent, ours ${text}`, why: sentence },
  ],
  POST: [
    { what: 'allow: GET,HEAD,PUT, ours GET,HEAD,OPTIONS,PUT', why: 'OPTIONS is allowed too.' },
    { what: `content-type: absent, ours ${text}`, why: sentence },
  ],
  DELETE: [
    { what: 'allow: GET,HEAD,PUT, ours GET,HEAD,OPTIONS,PUT', why: 'OPTIONS is allowed too.' },
    { what: `content-type: absent, ours ${text}`, why: sentence },
  ],
  OPTIONS: [{ what: 'allow: GET,HEAD,PUT, ours GET,HEAD,OPTIONS,PUT', why: 'OPTIONS is allowed too.' }],
  'OPTIONS preflight': [
    { what: 'allow: GET,HEAD,PUT, ours GET,HEAD,OPTIONS,PUT', why: 'OPTIONS is allowed too.' },
    {
      what: 'access-control-allow-origin: https://a.example, ours *',
      why: 'With relay-origins = ["*"] all may use it, without credentials; so caches need not tell origins apart.',
    },
    {
      what: 'access-control-allow-methods: PUT, ours GET, HEAD, PUT',
      why: 'A browser remembers it for all methods.',
    },
    {
      what: 'access-control-allow-headers: content-type,if-modified-since, ours *',
      why: 'No header does anything here but those that are meant for it.',
    },
  ],
  'GET /x/y': [{ what: `content-type: absent, ours ${text}`, why: sentence }],
};
