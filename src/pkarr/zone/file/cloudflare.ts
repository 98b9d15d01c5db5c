import { messageAt, type ZoneFileMessage } from './error.ts';

/**
 * Whether a zone file was exported by Cloudflare: it names the servers there, or has its tags, which it appends to records as
 * comments.
 */
export function isCloudflareExport(text: string): boolean {
  return text.includes('.ns.cloudflare.com') || text.includes('cf_tags=');
}

/** Lines that a warning names. */
const MAX_LISTED = 50;

/**
 * A warning if there are records that Cloudflare does not publish as they are: for names with `cf-proxied:true` its servers
 * answer with their own addresses, and pass on what they are asked.
 */
export function proxiedRecords(text: string, path: string | undefined): readonly ZoneFileMessage[] {
  const found = text.split('\n').flatMap((line, index) => (isProxied(line) ? [index + 1] : []));
  const [first, ...others] = found;
  if (first === undefined) return [];
  const lines = others.slice(0, MAX_LISTED).join(', ') + (others.length > MAX_LISTED ? ', …' : '');
  const also =
    others.length === 0
      ? ''
      : ` and ${others.length} more (cf-proxied:true, ${others.length === 1 ? 'line' : 'lines'} ${lines})`;
  const message =
    `This record${also} stood behind Cloudflare's proxy, which hid where it leads. Under a key there is no proxy: everybody ` +
    'sees the address, and clients connect to it.';
  return [messageAt({ line: first, column: 1, path }, message)];
}

function isProxied(line: string): boolean {
  const tags = line.lastIndexOf('cf_tags=');
  return tags >= 0 && line.lastIndexOf(';', tags) >= 0 && line.includes('cf-proxied:true', tags);
}
