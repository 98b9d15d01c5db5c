/**
 * An invariant of signatures or of the packet store is broken: a signature of our own does not verify, or an older packet
 * replaced a newer one. Memory or code is corrupt, and the process could publish or serve what nobody signed, so it ends.
 */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}
