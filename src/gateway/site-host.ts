import { Name } from '../dns/name.ts';
import { classifyLabel, type PublicKey, refusalToText } from '../pkarr/public-key.ts';

/** The name of a site that was opened, from the `Host` of a request. */
export interface OpenedSite {
  /** The key itself or a name below it, in lower case. */
  readonly name: Name;
  readonly key: PublicKey;
  /** The name without a final dot, as `Host` for the site. */
  readonly host: string;
  /** `:8053`, or nothing: how the browser reaches this gateway. */
  readonly port: string;
}

/** What a `Host` is to the gateway. */
export type SiteHost =
  /** Not of the form `([label.]*)KEY.localhost[:port]`: of no concern to the gateway. */
  | { readonly kind: 'other' }
  /** A key that was mistyped, one that cannot exist, or a name that is too long: `reason` is a clause for people. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'site'; readonly site: OpenedSite };

/**
 * RFC 6761 §6.3: names below `localhost` are loopback, and browsers resolve them so themselves. A label is one that a
 * browser sends: letters, digits, hyphens and underscores.
 */
const SHAPE = /^((?:[a-z0-9_-]{1,63}\.)*)([ybndrfg8ejkmcpqxot1uwisza345h769]{52})\.localhost\.?(:\d{1,5})?$/i;

/** What may be a key with some characters wrong, missing or too many; no other label before `localhost` is as long. */
const MISTYPED = /^(?:[a-z0-9_-]{1,63}\.)*([a-z0-9]{46,58})\.localhost\.?(?::\d{1,5})?$/i;

/** No `Host` of a name is longer: 253 characters (RFC 1035 §2.3.4), `.localhost.` and a port. */
const MAX_LENGTH = 253 + 17;

/** Reads the `Host` of a request; undefined stands for a request without one. */
export function readSiteHost(host: string | undefined): SiteHost {
  if (host === undefined || host.length > MAX_LENGTH) return { kind: 'other' };
  const match = SHAPE.exec(host);
  if (match === null) {
    const mistyped = MISTYPED.exec(host)?.[1];
    return mistyped === undefined ? { kind: 'other' } : { kind: 'refused', reason: faultOf(mistyped) };
  }
  const [, labels = '', label = '', port = ''] = match;
  const verdict = classifyLabel(label);
  if (verdict.kind === 'refused') return { kind: 'refused', reason: refusalToText(verdict.reason) };
  if (verdict.kind === 'not-a-key') return { kind: 'other' };
  const text = `${labels}${label}`.toLowerCase();
  const name = Name.tryParse(text);
  if (name === undefined) return { kind: 'refused', reason: 'the name is too long' };
  return { kind: 'site', site: { name, key: verdict.key, host: text, port } };
}

/** What is wrong with a label that is nearly a key, as a clause. */
function faultOf(label: string): string {
  const foreign = /[02lv]/i.exec(label)?.[0];
  if (foreign !== undefined) return `it has a "${foreign}", which no key has`;
  return `it has ${label.length} characters, and a key has 52`;
}
