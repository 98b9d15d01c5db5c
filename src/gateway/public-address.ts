/**
 * Local Network Access: a page that came from loopback may talk to every other service of this machine without asking. With
 * this directive of a Content-Security-Policy it is what it is, a page of the Internet. It belongs into every answer under the name
 * of a key, since a script that gets hold of one document without it has what that document may do.
 */
export const PUBLIC_ADDRESS = 'treat-as-public-address';

/**
 * The policy of a document of our own under a name that may be a site's: nothing is loaded, run or embedded but what `more` permits,
 * and no script of the site, which would have the powers of the document, reaches it.
 */
export function ownDocumentPolicy(...more: readonly string[]): string {
  return [
    "default-src 'none'",
    ...more,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    'sandbox',
    PUBLIC_ADDRESS,
  ].join('; ');
}
