import { latin1 } from './bytes.ts';

/**
 * A value read from bencode (BEP 3). Byte strings are views into the input; integers are exact; the keys of a dictionary
 * are its bytes as latin1 text, so that every key has exactly one spelling.
 */
export type Bencoded = Uint8Array | bigint | readonly Bencoded[] | BencodedDictionary;

/** A bencoded dictionary. */
export type BencodedDictionary = ReadonlyMap<string, Bencoded>;

/**
 * Why bytes are not valid bencode. A closed list.
 *
 * - `truncated`: the bytes end inside a value.
 * - `bad-byte`: a byte that does not start a value, or is neither the digit nor the delimiter expected there.
 * - `bad-number`: a leading zero, a minus zero, no digits, or more digits than any field of KRPC can hold.
 * - `duplicate-key`: a dictionary has a key twice.
 * - `too-deep`, `too-many-values`: over the limits of {@link decodeBencode}.
 */
export type BencodeErrorCode =
  | 'truncated'
  | 'bad-byte'
  | 'bad-number'
  | 'duplicate-key'
  | 'too-deep'
  | 'too-many-values';

/** The only error that {@link decodeBencode} throws. */
export class BencodeError extends Error {
  readonly code: BencodeErrorCode;
  /** The position of the problem, in bytes from the start of the input. */
  readonly offset: number;

  /** An error of this kind at this position. */
  constructor(code: BencodeErrorCode, offset: number) {
    super(`bencode: ${code} at byte ${offset}`);
    this.name = 'BencodeError';
    this.code = code;
    this.offset = offset;
  }
}

/** Maximum nesting depth. A KRPC message has three levels; a stored value of another application may have more. */
const MAX_DEPTH = 16;
/** Maximum number of values in one input, without dictionary keys. A `get_peers` reply with 200 peers has 206. */
export const MAX_VALUES = 1024;
/** The longest integer of KRPC and BEP 44 is `-9223372036854775808`, with 20 characters. */
const MAX_INTEGER_CHARACTERS = 20;
/** A UDP payload has fewer than 65,536 bytes, so the length of a string in it has at most five digits. */
const MAX_LENGTH_DIGITS = 5;

const INTEGER = 0x69; // i
const LIST = 0x6c; // l
const DICTIONARY = 0x64; // d
const END = 0x65; // e
const COLON = 0x3a; // :
const MINUS = 0x2d; // -
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Reads the bencoded value that `input` begins with. Time and memory are linear in the length of `input`.
 *
 * It is more lenient than BEP 3 in two ways, because programs in use need it: the keys of a dictionary may be in any order,
 * and bytes after the value are ignored. Throws only {@link BencodeError}.
 */
export function decodeBencode(input: Uint8Array): Bencoded {
  return new Reader(input).value(0);
}

class Reader {
  readonly #input: Uint8Array;
  #at = 0;
  #values = 0;

  constructor(input: Uint8Array) {
    this.#input = input;
  }

  value(depth: number): Bencoded {
    if (depth > MAX_DEPTH) throw this.#problem('too-deep');
    if (++this.#values > MAX_VALUES) throw this.#problem('too-many-values');
    const byte = this.#peek();
    if (byte === INTEGER) return this.#integer();
    if (byte === LIST) return this.#list(depth);
    if (byte === DICTIONARY) return this.#dictionary(depth);
    return this.#string();
  }

  #integer(): bigint {
    const start = ++this.#at;
    const end = this.#input.indexOf(END, start);
    if (end < 0) throw this.#problem('truncated');
    if (end - start > MAX_INTEGER_CHARACTERS) throw this.#problem('bad-number');
    const negative = this.#input[start] === MINUS;
    const firstDigit = negative ? start + 1 : start;
    this.#checkDigits(firstDigit, end);
    // BEP 3: "i-0e is invalid. All encodings with a leading zero, such as i03e, are invalid".
    if (negative && this.#input[firstDigit] === ZERO) throw this.#problem('bad-number');
    this.#at = end + 1;
    return BigInt(latin1(this.#input.subarray(start, end)));
  }

  #string(): Uint8Array {
    const start = this.#at;
    let end = start;
    while (isDigit(this.#input[end])) end++;
    if (end === start) throw this.#problem('bad-byte');
    if (end - start > MAX_LENGTH_DIGITS) throw this.#problem('bad-number');
    this.#checkDigits(start, end);
    if (end === this.#input.length) throw this.#problem('truncated');
    if (this.#input[end] !== COLON) throw this.#problem('bad-byte');
    const length = Number(latin1(this.#input.subarray(start, end)));
    const from = end + 1;
    if (length > this.#input.length - from) throw this.#problem('truncated');
    this.#at = from + length;
    return this.#input.subarray(from, from + length);
  }

  #list(depth: number): readonly Bencoded[] {
    this.#at++;
    const list: Bencoded[] = [];
    while (this.#peek() !== END) list.push(this.value(depth + 1));
    this.#at++;
    return list;
  }

  #dictionary(depth: number): BencodedDictionary {
    this.#at++;
    const dictionary = new Map<string, Bencoded>();
    while (this.#peek() !== END) {
      const at = this.#at;
      const key = latin1(this.#string());
      if (dictionary.has(key)) throw new BencodeError('duplicate-key', at);
      dictionary.set(key, this.value(depth + 1));
    }
    this.#at++;
    return dictionary;
  }

  #checkDigits(from: number, to: number): void {
    if (from === to) throw this.#problem('bad-number');
    if (to - from > 1 && this.#input[from] === ZERO) throw this.#problem('bad-number');
    for (let at = from; at < to; at++) if (!isDigit(this.#input[at])) throw this.#problem('bad-byte');
  }

  #peek(): number {
    const byte = this.#input[this.#at];
    if (byte === undefined) throw this.#problem('truncated');
    return byte;
  }

  #problem(code: BencodeErrorCode): BencodeError {
    return new BencodeError(code, this.#at);
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}
