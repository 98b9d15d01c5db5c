import { createHmac } from 'node:crypto';
import { isSame } from '../wire/bytes.ts';
import type { RandomBytes } from '../wire/node-id.ts';

/** Milliseconds after which the secret changes. BEP 5: "a secret that changes every five minutes". */
const ROTATE_MS = 5 * 60 * 1000;
const SECRET_LENGTH = 20;
const TOKEN_LENGTH = 8;

/**
 * Write tokens, each bound to the address of a requester. BEP 5: "the SHA1 hash of the IP address concatenated onto a secret
 * that changes every five minutes and tokens up to ten minutes old are accepted".
 */
export class WriteTokens {
  readonly #randomBytes: RandomBytes;
  #secret: Uint8Array;
  #previous: Uint8Array;
  #rotateAt: number;
  /** The last one of this secret. */
  #last: { readonly host: string; readonly token: Uint8Array } | undefined;

  /** `now` is in milliseconds of a monotonic clock, here and below. */
  constructor(randomBytes: RandomBytes, now: number) {
    this.#randomBytes = randomBytes;
    this.#secret = randomBytes(SECRET_LENGTH);
    this.#previous = randomBytes(SECRET_LENGTH);
    this.#rotateAt = now + ROTATE_MS;
  }

  /** The token for a host at `now`. */
  tokenFor(host: string, now: number): Uint8Array {
    this.#rotate(now);
    // The same host often asks several times in a row, and all nodes of a test network are one.
    if (this.#last?.host !== host) this.#last = { host, token: tokenOf(this.#secret, host) };
    return this.#last.token;
  }

  /** Whether `token` was issued to this host in the last five to ten minutes. */
  accepts(token: Uint8Array, host: string, now: number): boolean {
    this.#rotate(now);
    return isSame(token, tokenOf(this.#secret, host)) || isSame(token, tokenOf(this.#previous, host));
  }

  #rotate(now: number): void {
    if (now < this.#rotateAt) return;
    // After a longer pause both secrets are too old.
    const isLong = now >= this.#rotateAt + ROTATE_MS;
    this.#last = undefined;
    this.#previous = isLong ? this.#randomBytes(SECRET_LENGTH) : this.#secret;
    this.#secret = this.#randomBytes(SECRET_LENGTH);
    this.#rotateAt = now + ROTATE_MS;
  }
}

function tokenOf(secret: Uint8Array, host: string): Uint8Array {
  return createHmac('sha1', secret).update(host).digest().subarray(0, TOKEN_LENGTH);
}
