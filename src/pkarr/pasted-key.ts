import { classifyLabel, KEY_TEXT_LENGTH, PublicKey, PublicKeyError } from './public-key.ts';

/** Maximum length of the text; people do not paste longer addresses, and it bounds the work. */
const MAX_PASTED_LENGTH = 4096;

/**
 * The key in what people paste: `KEY`, `pk:KEY`, `pk://KEY/path`, `https://user@sub.KEY:port/x`, `sub.KEY`,
 * `sub.KEY.tld`, with a final dot or white space around, in any case; and `http://localhost:8053/KEY`, as relays have it.
 * @throws PublicKeyError saying in one sentence what is wrong.
 */
export function parsePastedKey(text: string): PublicKey {
  if (text.length > MAX_PASTED_LENGTH) {
    throw new PublicKeyError(
      'no-key',
      `The text is ${text.length} characters long; a key has ${KEY_TEXT_LENGTH}.`,
    );
  }
  const [authority = '', ...path] = withoutScheme(text.trim())
    .replace(/[?#].*$/s, '')
    .split(/\/(?:pk:)?/i);
  // The rightmost label in the form of a key counts: a suffix such as `key` may follow it, and a name may precede it.
  const labels = hostOf(authority).split('.').reverse();
  for (const label of [...labels, ...path])
    if (classifyLabel(label).kind !== 'not-a-key') return PublicKey.fromLabel(label);
  throw new PublicKeyError('no-key', whyNot(labels[0] ?? ''));
}

function withoutScheme(text: string): string {
  return text.replace(/^(?:[a-z][a-z0-9+.-]*:\/\/|(?:pk|pkarr):)/i, '');
}

/** The host; user, port and final dot are optional. */
function hostOf(authority: string): string {
  return authority
    .slice(authority.lastIndexOf('@') + 1)
    .replace(/:\d*$/, '')
    .replace(/\.$/, '');
}

function whyNot(label: string): string {
  if (label === '') return 'There is no key in the text.';
  const shown = label.length > 80 ? `${label.slice(0, 80)}…` : label;
  const stranger = /[^ybndrfg8ejkmcpqxot1uwisza345h769]/i.exec(label)?.[0];
  if (label.length === KEY_TEXT_LENGTH && stranger !== undefined) {
    return `"${shown}" is not a key: z-base32 has no character "${stranger}".`;
  }
  return `"${shown}" is not a key: it has ${label.length} characters and a key has ${KEY_TEXT_LENGTH}, of z-base32.`;
}
