/**
 * A copy that shares no memory with `bytes`. `Buffer.prototype.slice` returns a view, and a view keeps its whole buffer
 * alive and takes it along when it is sent to another thread.
 */
export function copyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** Whether two byte strings are the same. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

/** Each byte as the character with that code, so that a byte string can be the key of a map. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
