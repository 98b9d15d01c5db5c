/**
 * What a document of the page may do: load its own script and style, ask this server, and nothing else. `data:` is its icon.
 * https://www.w3.org/TR/CSP3/, and Trusted Types: no script of it turns text into elements.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Headers of a document of the page, beside those of every answer. */
export const documentHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy,
};
