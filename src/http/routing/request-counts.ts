import type { RequestCount } from '../../observe/metrics/snapshot.ts';

/** Other methods are counted as `other`, so that nobody can make up series. */
const methods: readonly string[] = ['GET', 'HEAD', 'PUT', 'OPTIONS', 'POST'];

/** Counts requests by what they were for, their method and their answer. */
export class RequestCounts {
  readonly #counts = new Map<string, { readonly of: Omit<RequestCount, 'count'>; count: number }>();

  /** Counts a request; `code` is the status of its answer, of three digits. */
  count(service: RequestCount['service'], method: string | undefined, code: number): void {
    // A site chooses its statuses: at most nine hundred, if it tries.
    const of = { service, method: methods.find((one) => one === method) ?? 'other', code };
    const key = `${of.service} ${of.method} ${of.code}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { of, count: 1 });
    else known.count++;
  }

  /** The counts so far. */
  snapshot(): readonly RequestCount[] {
    return [...this.#counts.values()].map(({ of, count }) => ({ ...of, count }));
  }
}
