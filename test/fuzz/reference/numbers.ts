/** A number of 16 bits; NaN beyond the end. */
export function u16(bytes: Uint8Array, at: number): number {
  return at + 2 > bytes.length ? Number.NaN : (bytes[at] as number) * 256 + (bytes[at + 1] as number);
}

/** A number of 32 bits; NaN beyond the end. */
export function u32(bytes: Uint8Array, at: number): number {
  return u16(bytes, at) * 65_536 + u16(bytes, at + 2);
}
