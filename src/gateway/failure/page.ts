import { createHash } from 'node:crypto';
import { ownDocumentPolicy } from '../public-address.ts';
import type { GatewayFailure } from './failure.ts';
import { failureTexts } from './texts.ts';

/** An answer of the gateway itself. */
export interface Page {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
}

const STYLE =
  ':root{color-scheme:light dark;font:1.1rem/1.6 system-ui,sans-serif}' +
  'body{max-width:36rem;margin:12vh auto;padding:0 1.25rem;overflow-wrap:anywhere}' +
  'h1{font-size:1.5rem;line-height:1.25}small{opacity:.75}';

/** The one style is known by its hash. */
const POLICY = ownDocumentPolicy(`style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`);

/**
 * The page that tells of a failure: what happened and what to do, a sentence each.
 *
 * @param accept the request's field of that name: whoever does not ask for HTML gets plain text.
 */
export function failurePage(failure: GatewayFailure, host: string, accept: string | undefined): Page {
  const { status, title, what, remedy } = failureTexts[failure.kind];
  const isHtml = accept?.includes('text/html') === true;
  const happened = what(host, failure.detail);
  const body = isHtml ? html(title, happened, remedy) : `${title}. ${happened} ${remedy}\n`;
  return {
    status,
    headers: {
      'content-type': `${isHtml ? 'text/html' : 'text/plain'}; charset=utf-8`,
      'content-length': String(Buffer.byteLength(body)),
      'content-security-policy': POLICY,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      vary: 'accept',
      'pkarrd-failure': failure.kind,
      ...(failure.kind === 'busy' ? { 'retry-after': '2' } : {}),
    },
    body,
  };
}

function html(title: string, happened: string, remedy: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
<main>
<h1>${escaped(title)}</h1>
<p>${escaped(happened)}</p>
<p>${escaped(remedy)}</p>
<p><small>This page is from pkarrd on this machine, not from the site.</small></p>
</main>
</html>
`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (char) => entities[char] ?? char);
}
