import type { Name } from '../dns/name.ts';
import { parseTypedName, reverseName } from '../dns/typed-name.ts';
import { WireError } from '../dns/wire-error.ts';
import { addressOctets } from '../ip/address.ts';
import { UsageError } from './command.ts';
import { parsePkarrName } from './pkarr-name.ts';

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
export function readName(text: string): GivenName {
  const address = addressOctets(text.replace(/^\[(.*)\]$/, '$1'));
  if (address !== undefined) return { name: reverseName(address), isAddress: true };
  if (text.includes(':')) return { name: parsePkarrName(text).name, isAddress: false };
  try {
    return { name: parseTypedName(text), isAddress: false };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new UsageError(`${JSON.stringify(text)} is not a domain name (${error.code}).`);
  }
}
