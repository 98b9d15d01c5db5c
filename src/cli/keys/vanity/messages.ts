/** What a thread that searches says. */
export type FromVanityThread =
  /** Keys that were tried since the last message. */
  | { readonly kind: 'tried'; readonly count: number }
  /** The seed of a key with the prefix. */
  | { readonly kind: 'found'; readonly seed: Uint8Array };
