/**
 * The TTL that 32 bits mean. RFC 2181 §8: "Implementations should treat TTL values received with the most
 * significant bit set as if the entire value received was zero."
 */
export function readTtl(value: number): number {
  return value > 0x7fff_ffff ? 0 : value;
}

/** Takes `age` seconds from the TTL at `at`; it never falls below 0. */
export function ageTtl(bytes: Buffer, at: number, age: number): void {
  bytes.writeUInt32BE(Math.max(bytes.readUInt32BE(at) - age, 0), at);
}
