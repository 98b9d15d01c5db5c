/** Parses the URL of a relay and removes slashes at its end. It may have a path, but no user, query or fragment. Undefined if it is invalid. */
export function parseRelayUrl(text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return undefined;
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}
