import type { WireError } from './wire-error.ts';

/** Of presentation form (RFC 1035 §5.1), as the end of a sentence about a text. */
export const ESCAPE_RULE = 'a backslash must be followed by a character or by three digits from 000 to 255';

/** Why a text is not a domain name, of an error of `Name.parse` or `parseTypedName`: a clause without a final period. */
export function nameFault({ code, field }: WireError): string {
  switch (code) {
    case 'empty-label':
      return 'it has an empty label';
    case 'label-too-long':
      return 'a label of it is longer than 63 octets';
    case 'name-too-long':
      return 'it is longer than 255 octets';
    default:
      return field === 'name escape' ? `in it ${ESCAPE_RULE}` : 'it has characters that no name has (IDNA)';
  }
}
