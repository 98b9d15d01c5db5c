/** A file that browsers load. */
export interface PageFile {
  /** `page-HASH.js`: the hash is that of its content, so that it can be kept for ever. */
  readonly name: string;
  /** Compressed with Brotli, in base64. */
  readonly brotli: string;
}

/**
 * What browsers load. tools/build-page.ts puts a module with the built files in the place of this one, which is empty: so they are
 * part of the program in each of its forms, and nothing is looked for on disk.
 */
export const pageFiles: readonly PageFile[] = [];
