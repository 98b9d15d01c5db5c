import type { Name } from '../dns/name.ts';
import { nameFault } from '../dns/name-fault.ts';
import { parseTypedName, reverseName } from '../dns/typed-name.ts';
import { WireError } from '../dns/wire-error.ts';
import { addressOctets } from '../ip/address.ts';
import { UsageError } from './command.ts';
import { parsePkarrName, shownName } from './pkarr-name.ts';

/** A name on the command line. */
export interface GivenName {
  readonly name: Name;
  /** An address was given, and the name is the one at which its PTR record stands. */
  readonly isAddress: boolean;
}

/**
 * A name in letters of any script, a key as people paste it (`pk:KEY`, `https://www.KEY/`), or an address in place of its
 * reverse name. @throws UsageError
 */
export function readName(given: string): GivenName {
  // White space around it was pasted with it.
  const text = given.trim();
  const address = addressOctets(text.replace(/^\[(.*)\]$/, '$1'));
  if (address !== undefined) return { name: reverseName(address), isAddress: true };
  if (text.includes(':')) return { name: nameInUrl(text), isAddress: false };
  try {
    return { name: parseTypedName(text), isAddress: false };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new UsageError(`${shownName(text)} is not a domain name: ${nameFault(error)}.`);
  }
}

/** Only a key is taken out of what is around it; of an ordinary name it is said what to write. */
function nameInUrl(text: string): Name {
  try {
    return parsePkarrName(text).name;
  } catch (error) {
    const host = URL.canParse(text) ? new URL(text).hostname : '';
    if (!(error instanceof UsageError) || host === '') throw error;
    throw new UsageError(`${shownName(text)} is not a domain name. Write ${host} instead.`);
  }
}
