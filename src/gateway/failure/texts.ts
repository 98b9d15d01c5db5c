import type { FailureKind } from './failure.ts';

/** What people are told of a failure. */
export interface FailureText {
  /** RFC 9110 §15. */
  readonly status: number;
  readonly title: string;
  /** What happened, in a sentence. `detail` is an address, a key or a name, or absent. */
  readonly what: (host: string, detail: string | undefined) => string;
  /** What to do, in a sentence. */
  readonly remedy: string;
}

const again = 'Try again in a minute.';
const askOwner = 'Whoever owns the key can mend it.';

/** The one table from failures to pages. */
export const failureTexts: Readonly<Record<FailureKind, FailureText>> = {
  'not-a-key': {
    status: 400,
    title: 'This is not a key',
    what: (host, detail) => `${host} is not a public key${detail === undefined ? '' : `: ${detail}`}.`,
    remedy: 'Compare it with where it was copied from: a character may be missing or wrong.',
  },
  'cross-site': {
    status: 403,
    title: 'Another site asked for this',
    what: (host) =>
      `A page of another site tried to load something from ${host}, which only its own pages may.`,
    remedy: 'To open the site, type its address or follow a link to it.',
  },
  'old-browser': {
    status: 403,
    title: 'This browser is too old',
    what: () => 'The browser does not tell which site a request comes from (Sec-Fetch-Site).',
    remedy: 'Open the site in a current version of Chromium, Chrome, Edge or Firefox.',
  },
  'not-forwarded': {
    status: 501,
    title: 'This request is not passed on',
    what: (host, detail) => `The gateway does not pass ${detail ?? 'such a request'} on to ${host}.`,
    remedy: 'Use another method or protocol.',
  },
  'service-worker': {
    status: 403,
    title: 'No service worker for this site',
    what: (host) =>
      `${host} is fetched in the clear, so a service worker could come from anybody on the way and would stay.`,
    remedy: 'The site works without; its owner can publish an HTTPS record and serve it with the key.',
  },
  'too-slow': {
    status: 408,
    title: 'The upload was too slow',
    what: (host) => `The request for ${host} was not sent within the time that the gateway waits.`,
    remedy: 'Try again with a better connection, or with less data.',
  },
  busy: {
    status: 503,
    title: 'Too much at once',
    what: (host) => `Too many requests for ${host}, or for all keys together, are in flight.`,
    remedy: again,
  },
  'nothing-published': {
    status: 404,
    title: 'Nothing is published under this key',
    what: (host, detail) => `The network has no records for the key ${detail ?? host}.`,
    remedy: 'Check the address. Records that nobody publishes again are forgotten after some hours.',
  },
  'unusable-packet': {
    status: 502,
    title: 'What is published is not valid',
    what: (host, detail) => `What is published under the key ${detail ?? host} is not a valid signed packet.`,
    remedy: askOwner,
  },
  'no-address': {
    status: 404,
    title: 'There is no site under this name',
    what: (host) => `The records of the key name no address for ${host}.`,
    remedy: 'Check the address; the site may be under another name of the key.',
  },
  'not-offered': {
    status: 404,
    title: 'There is no site under this name',
    what: (host) => `The owner of the key says that ${host} has no site.`,
    remedy: 'Check the address; the site may be under another name of the key.',
  },
  'not-compatible': {
    status: 502,
    title: 'The site speaks another protocol',
    what: (host) =>
      `None of the HTTPS records of ${host} offers HTTP/1.1 over TLS in a way that the gateway knows.`,
    remedy:
      'Whoever owns the key can publish an HTTPS record without "no-default-alpn" and without "mandatory".',
  },
  loop: {
    status: 502,
    title: 'The aliases have no end',
    what: (host) => `The aliases of ${host} lead in a circle, or over too many names.`,
    remedy: askOwner,
  },
  'bad-target': {
    status: 502,
    title: 'An alias leads nowhere',
    what: (host, detail) => `An alias of ${host} leads to a name that cannot exist${of(detail)}.`,
    remedy: askOwner,
  },
  'clear-refused': {
    status: 502,
    title: 'The site is not fetched in the clear',
    what: (host) =>
      `${host} was seen with an HTTPS record, and the records that came now are older and have none.`,
    remedy: 'Try again later: the newer records may be found then.',
  },
  'address-refused': {
    status: 403,
    title: 'The site leads into this network',
    what: (host, detail) =>
      `The records of ${host} lead to an address of this machine or of a private network${of(detail)}, which a stranger could use to reach what is not theirs.`,
    remedy: 'If you know the key and want this, add it to the setting gateway-private of pkarrd.',
  },
  'no-host': {
    status: 502,
    title: 'The site leads to no machine',
    what: (host, detail) =>
      `The records of ${host} lead to an address that is reserved, for documentation for example, and that no machine has${of(detail)}.`,
    remedy: askOwner,
  },
  'port-refused': {
    status: 403,
    title: 'The site has a port that is refused',
    what: (host, detail) => `The records of ${host} lead to a port of another kind of service${of(detail)}.`,
    remedy: 'Whoever owns the key can serve the site at another port.',
  },
  'wrong-key': {
    status: 502,
    title: 'This is not the server of the key',
    what: (host, detail) =>
      `The server of ${host}${of(detail)} has the certificate of another key, so nothing was sent to it.`,
    remedy:
      'If you own the key, make a certificate with "pkarrd certificate --key" and give it to the web server.',
  },
  'raw-key': {
    status: 502,
    title: 'The site speaks raw public keys only',
    what: (host, detail) =>
      `The server of ${host}${of(detail)} takes only clients that speak TLS with raw public keys (RFC 7250), as Pubky homeservers do; the gateway does not.`,
    remedy: 'Open it with an application that does, or ask its owner for a certificate of the key.',
  },
  'tls-refused': {
    status: 502,
    title: 'The site seems to speak raw public keys only',
    what: (host, detail) =>
      `The server of ${host}${of(detail)} ended the TLS handshake before it showed a certificate, as servers do that speak only raw public keys (RFC 7250), such as Pubky homeservers; the gateway does not speak them.`,
    remedy: 'Open it with an application that does, or ask its owner for a certificate of the key.',
  },
  'tls-version': {
    status: 502,
    title: 'The server speaks an old TLS',
    what: (host, detail) => `The server of ${host}${of(detail)} does not speak TLS 1.3.`,
    remedy: askOwner,
  },
  tls: {
    status: 502,
    title: 'The server does not speak TLS as it should',
    what: (host, detail) =>
      `The key of ${host} says that the site is reached over TLS, but there was no valid handshake with the server${of(detail)}.`,
    remedy: `${again} If it stays so, whoever owns the key can mend it.`,
  },
  down: {
    status: 502,
    title: 'The site is down',
    what: (host, detail) => `The server of ${host}${of(detail)} took no connection, or closed it.`,
    remedy: again,
  },
  silent: {
    status: 504,
    title: 'The site does not answer',
    what: (host, detail) => `The server of ${host}${of(detail)} did not answer in time.`,
    remedy: again,
  },
  'bad-reply': {
    status: 502,
    title: 'The site answered with something else',
    what: (host) => `What the server of ${host} sent is not a valid HTTP/1.1 answer.`,
    remedy: askOwner,
  },
  offline: {
    status: 503,
    title: 'This machine seems to be offline',
    what: (host) => `There is no way from this machine to ${host}, or to where its records are published.`,
    remedy: 'Check the network, and try again.',
  },
  'lookup-failed': {
    status: 502,
    title: 'A name could not be looked up',
    what: (host) =>
      `The records of ${host} lead to a name outside of the key, and the resolvers failed to look it up.`,
    remedy: again,
  },
  'lookup-timeout': {
    status: 504,
    title: 'The records were not found in time',
    what: (host) => `Looking up the records of ${host} took too long.`,
    remedy: `${again} The first look into the network after a start takes longest.`,
  },
  internal: {
    status: 500,
    title: 'An internal error',
    what: (host) => `The gateway failed while it fetched ${host}; the log of pkarrd says more.`,
    remedy: 'Try again, and report what the log says.',
  },
};

function of(detail: string | undefined): string {
  return detail === undefined ? '' : ` (${detail})`;
}
