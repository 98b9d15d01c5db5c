import { type Certificate, CertificateError, type CertificateSource } from './certificate.ts';
import type { CertificatePaths } from './certificate-paths.ts';
import { certificateIdentity, type ReadCertificate, readCertificate } from './read-certificate.ts';

/** Milliseconds between two looks at the files. A certificate is renewed weeks before it ends. */
const LOOK_EVERY = 5_000;

/** What happens to the files of a certificate. */
export type CertificateEvent =
  | { readonly kind: 'renewed'; readonly certificate: Certificate }
  /** The files changed and cannot be used: the certificate before stays in force. Told once for each state of the files. */
  | { readonly kind: 'unusable'; readonly problem: string };

/** What watching needs of the rest of the program. */
export interface CertificateFilesParts {
  readonly onEvent: (event: CertificateEvent) => void;
  /** Called with an unexpected error: a bug. */
  readonly onBug: (error: unknown) => void;
  /** Milliseconds between two looks. */
  readonly lookEvery?: number;
}

/**
 * The certificate in two files, which other programs replace now and then: both at once, one after the other, or through a
 * symbolic link that leads elsewhere from then on. What is found counts when it is whole and belongs together, so that
 * the moment between the two never does.
 */
export class CertificateFiles implements CertificateSource {
  readonly #paths: CertificatePaths;
  readonly #parts: CertificateFilesParts;
  readonly #listeners = new Set<(certificate: Certificate) => void>();
  #current: Certificate;
  /** The state of the files that was read last, whatever came of it. */
  #read: string | undefined;
  #problem: string | undefined;
  /** A state that could not be used: told when the next look finds it again. */
  #suspect: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  private constructor(paths: CertificatePaths, first: ReadCertificate, parts: CertificateFilesParts) {
    this.#paths = paths;
    this.#current = first.certificate;
    this.#read = first.identity;
    this.#parts = parts;
    this.#schedule();
  }

  /** Reads the files, and looks at them from then on. @throws CertificateError when they cannot be used. */
  static async open(paths: CertificatePaths, parts: CertificateFilesParts): Promise<CertificateFiles> {
    return new CertificateFiles(paths, await readCertificate(paths), parts);
  }

  /** See `CertificateSource`. */
  get current(): Certificate {
    return this.#current;
  }

  /** See `CertificateSource`. */
  get known(): Certificate {
    return this.#current;
  }

  /** See `CertificateSource`. */
  onChange(listener: (certificate: Certificate) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Why the files as they are now cannot be used; undefined when they are those in force. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Looks at the files now. Rejects only because of a bug. */
  async look(): Promise<void> {
    const identity = await certificateIdentity(this.#paths);
    if (identity === this.#read && identity !== undefined) return;
    try {
      const { certificate, identity: read } = await readCertificate(this.#paths);
      this.#suspect = undefined;
      this.#problem = undefined;
      this.#read = read;
      const isSame = certificate.chain === this.#current.chain && certificate.key === this.#current.key;
      if (isSame || this.#isClosed) return;
      this.#current = certificate;
      for (const listener of this.#listeners) listener(certificate);
      this.#parts.onEvent({ kind: 'renewed', certificate });
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      this.#doubt(identity, error.message);
    }
  }

  /** No more looks. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  /** One of the two may just be on its way: what cannot be used is told when it stays as it is. */
  #doubt(identity: string | undefined, problem: string): void {
    const state = `${identity}: ${problem}`;
    if (this.#suspect !== state) {
      this.#suspect = state;
      return;
    }
    if (this.#read === (identity ?? state)) return;
    this.#read = identity ?? state;
    this.#problem = problem;
    if (!this.#isClosed) this.#parts.onEvent({ kind: 'unusable', problem });
  }

  #schedule(): void {
    if (this.#isClosed) return;
    const goOn = () => this.#schedule();
    this.#timer = setTimeout(
      () => this.look().catch(this.#parts.onBug).then(goOn),
      this.#parts.lookEvery ?? LOOK_EVERY,
    );
    this.#timer.unref();
  }
}
