import { existsSync } from 'node:fs';
import { nameFault } from '../dns/name-fault.ts';
import { WireError } from '../dns/wire-error.ts';
import { type PastedName, parsePastedName } from '../pkarr/pasted-name.ts';
import { PublicKeyError } from '../pkarr/public-key.ts';
import { UsageError } from './command.ts';

/**
 * Parses a key or a name below one on the command line, in every spelling that people paste: see `parsePastedName`.
 * @throws UsageError for anything else.
 */
export function parsePkarrName(text: string): PastedName {
  try {
    return parsePastedName(text);
  } catch (error) {
    if (error instanceof WireError)
      throw new UsageError(`${shownName(text)} is not a domain name: ${nameFault(error)}.`);
    if (!(error instanceof PublicKeyError)) throw error;
    const isOneWord = error.reason === 'no-key' && /^[a-z][a-z\d-]{0,40}$/i.test(text);
    const isOrdinary = error.reason === 'no-key' && /^[\w-]+(?:\.[\w-]+)+\.?$/.test(text);
    const hint = existsSync(text)
      ? ` It is a file: if that is a key file, "pkarrd pubkey ${text}" prints its key.`
      : isOrdinary
        ? ` Ordinary names are asked for with: pkarrd query ${text}`
        : isOneWord
          ? ` A name of your own for a key is written ${text}.internal.`
          : '';
    throw new UsageError(`${error.message}${hint}`);
  }
}

/** A name in a message: quoted, and not longer than a line. */
export function shownName(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
