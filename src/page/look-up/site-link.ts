import type { LookUpView } from './view.ts';

/**
 * Labels of a host (RFC 1123 §2.1): letters, digits and hyphens. Browsers and servers agree on no others: not on `*` of a wildcard
 * record, and not on `_sip` of a service.
 */
const HOST = /^(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)+$/i;

/** Characters of a name (RFC 1035 §2.3.4), of which `localhost` takes some. */
const MAX_LENGTH = 253;

/** Where the site of the name is opened in the browser of this machine; undefined for one that has none, or that is no host. */
export function siteLink({ question, packet, gatewayPort }: LookUpView): string | undefined {
  if (question === undefined || packet === undefined || gatewayPort === undefined) return undefined;
  const host = `${question.name}localhost`;
  return HOST.test(question.name) && host.length <= MAX_LENGTH ? `http://${host}:${gatewayPort}/` : undefined;
}
