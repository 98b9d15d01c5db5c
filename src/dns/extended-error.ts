import { type EdnsOption, EdnsOptionCode } from './edns.ts';
import { WireReader } from './wire-reader.ts';

/** INFO-CODEs of extended DNS errors that the program uses (RFC 8914 §4 and its registry). */
export const ExtendedErrorCode = {
  OTHER: 0,
  STALE_ANSWER: 3,
  FORGED_ANSWER: 4,
  DNSSEC_BOGUS: 6,
  CACHED_ERROR: 13,
  NOT_READY: 14,
  BLOCKED: 15,
  FILTERED: 17,
  PROHIBITED: 18,
  STALE_NXDOMAIN_ANSWER: 19,
  NOT_AUTHORITATIVE: 20,
  NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22,
  NETWORK_ERROR: 23,
  INVALID_DATA: 24,
  SIGNATURE_EXPIRED_BEFORE_VALID: 25,
} as const;

/** An extended DNS error (RFC 8914 §2). */
export interface ExtendedError {
  /** INFO-CODE, 0 to 65,535. */
  readonly code: number;
  /** EXTRA-TEXT: a sentence for people, possibly empty. */
  readonly text: string;
}

/** The EDNS option that carries `error`. */
export function encodeExtendedError(error: ExtendedError): EdnsOption {
  const text = Buffer.from(error.text, 'utf8');
  const data = new Uint8Array(2 + text.length);
  data[0] = error.code >>> 8;
  data[1] = error.code;
  data.set(text, 2);
  return { code: EdnsOptionCode.EXTENDED_ERROR, data };
}

/** The extended error in `option`, or undefined when it is another option or has no INFO-CODE. */
export function decodeExtendedError(option: EdnsOption): ExtendedError | undefined {
  if (option.code !== EdnsOptionCode.EXTENDED_ERROR || option.data.length < 2) return undefined;
  const reader = new WireReader(option.data);
  const code = reader.u16('INFO-CODE');
  // RFC 8914 §2: "EXTRA-TEXT ... MUST NOT be null-terminated", and receivers are told to expect one all the same.
  const text = Buffer.from(reader.take(reader.remaining, 'EXTRA-TEXT')).toString('utf8').replace(/\0$/, '');
  return { code, text };
}
