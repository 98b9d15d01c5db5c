/**
 * What this program promises of signatures or of the packet store does not hold: an own signature that does not verify,
 * an older packet in the place of a newer. Memory or code is damaged, and going on could publish or serve what nobody
 * signed: the process ends.
 */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}
