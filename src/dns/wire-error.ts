/**
 * What can be wrong with DNS bytes, or with values that have no wire form. A closed list.
 *
 * - `truncated`: the bytes end inside a field.
 * - `trailing-bytes`: bytes are left over after the last field.
 * - `label-too-long`, `name-too-long`: RFC 1035 §2.3.4, 63 and 255 octets.
 * - `empty-label`: a label of no octets that is not the root.
 * - `bad-label-type`: the two high bits of a length octet are 01 or 10 (RFC 6891 §5 retired them).
 * - `bad-pointer`: a compression pointer that does not point backwards (RFC 1035 §4.1.4, "a prior occurrence"), or leads into a TTL.
 * - `bad-length`: RDLENGTH or an option length disagrees with what it covers.
 * - `bad-value`: a number, address or text outside what its field can hold.
 * - `duplicate-opt`: more than one OPT, or one that is not owned by the root (RFC 6891 §6.1.1).
 * - `message-too-long`: over 65,535 octets.
 */
export type WireErrorCode =
  | 'truncated'
  | 'trailing-bytes'
  | 'label-too-long'
  | 'name-too-long'
  | 'empty-label'
  | 'bad-label-type'
  | 'bad-pointer'
  | 'bad-length'
  | 'bad-value'
  | 'duplicate-opt'
  | 'message-too-long';

/** The only error thrown when DNS bytes are read or written: what is wrong, in which field, at which octet. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: WireErrorCode;
  /** The field's name as its RFC writes it, for example `QNAME` or `RDLENGTH`. */
  readonly field: string;
  /** Octets from the start of the message; -1 when a value, not bytes, is invalid. */
  readonly offset: number;

  constructor(code: WireErrorCode, field: string, offset = -1) {
    super(offset < 0 ? `${field}: ${code}` : `${field}: ${code} at octet ${offset}`);
    this.code = code;
    this.field = field;
    this.offset = offset;
  }
}
