import { randomFillSync } from 'node:crypto';

/** Unpredictable numbers, as a parameter. */
export interface Random {
  /** 0 to 65,535, uniform. */
  u16(): number;
}

/** Octets fetched from the generator of the system at a time: a call for each query would cost more than the query. */
const POOL_LENGTH = 8192;

/**
 * Random numbers from the cryptographic generator. RFC 5452 §9.2: "Use an unpredictable query ID for outgoing queries,
 * utilizing the full range available (0-65535)".
 */
export function createRandomPool(): Random {
  const pool = Buffer.alloc(POOL_LENGTH);
  let at = POOL_LENGTH;
  return {
    u16() {
      if (at === POOL_LENGTH) {
        randomFillSync(pool);
        at = 0;
      }
      at += 2;
      return pool.readUInt16BE(at - 2);
    },
  };
}
