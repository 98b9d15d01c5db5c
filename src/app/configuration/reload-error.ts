/** A configuration cannot be used as it is: a sentence for people. */
export class ReloadError extends Error {
  override readonly name = 'ReloadError';
}
