import type { Token } from '../../../dns/presentation/token.ts';
import { messageAt, type ZoneFileMessage } from './error.ts';

/** The values of placeholders `{name}` in record data, by name; undefined for a value that is not known yet. */
export type Placeholders = ReadonlyMap<string, string | undefined>;

/** Stands in zone files for the public IPv4 address of the machine that publishes them. */
export const EXTERNAL_IPV4 = 'external_ipv4';
/** The same for IPv6. */
export const EXTERNAL_IPV6 = 'external_ipv6';

/** Both, without a value. */
export const noExternalAddresses: Placeholders = new Map([
  [EXTERNAL_IPV4, undefined],
  [EXTERNAL_IPV6, undefined],
]);

/** Replaces placeholders in the words of records, and records which are used and which have no value. */
export class PlaceholderFiller {
  readonly used = new Set<string>();
  readonly warnings: ZoneFileMessage[] = [];
  readonly #values: Placeholders;

  constructor(values: Placeholders) {
    this.#values = values;
  }

  /**
   * The words with placeholders replaced; undefined if one has no value, which is a warning. Braces around anything but a
   * known name are text, and so are braces after a backslash.
   */
  fill(tokens: readonly Token[]): readonly Token[] | undefined {
    let missing: { readonly token: Token; readonly name: string } | undefined;
    const filled = tokens.map((token) => {
      // Matching escapes skips a brace after a backslash.
      const raw = token.raw.replace(
        /\\.|\{([a-z0-9_]{1,32})\}/gs,
        (piece: string, name: string | undefined) => {
          if (name === undefined || !this.#values.has(name)) return piece;
          this.used.add(name);
          const value = this.#values.get(name);
          if (value === undefined) missing ??= { token, name };
          return value ?? piece;
        },
      );
      return { ...token, raw };
    });
    if (missing === undefined) return filled;
    const { token, name } = missing;
    const message = `The value of {${name}} is not known yet, so the record is left out.`;
    this.warnings.push(messageAt(token, message));
    return undefined;
  }
}
