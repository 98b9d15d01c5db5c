import type { ListenAddress } from '../../config/listen-address.ts';
import type { Settings } from '../../config/settings.ts';
import type { Certificate, CertificateSource } from './certificate.ts';
import type { CertificateFiles, CertificateFilesParts } from './certificate-files.ts';
import { type CertificatePaths, certificatePaths } from './certificate-paths.ts';
import { type CertificateWarning, certificateWarnings } from './certificate-warnings.ts';

/** A certificate that somebody else sets. */
export class HeldCertificate implements CertificateSource {
  readonly #listeners = new Set<(certificate: Certificate) => void>();
  #current: Certificate | undefined;

  /** See `CertificateSource`. @throws RangeError before one was set: whoever listens with TLS has seen to it. */
  get current(): Certificate {
    if (this.#current === undefined) throw new RangeError('no certificate is set');
    return this.#current;
  }

  /** See `CertificateSource`. */
  get known(): Certificate | undefined {
    return this.#current;
  }

  /** See `CertificateSource`. */
  onChange(listener: (certificate: Certificate) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes the place of the one before. */
  set(certificate: Certificate): void {
    this.#current = certificate;
    for (const listener of this.#listeners) listener(certificate);
  }
}

/** The settings that name a certificate. */
type Named = Pick<Settings, 'certificate' | 'certificateKey'>;

/** The certificate in force. */
export interface CertificateStatus {
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly notAfter: number;
  /** See `certificateWarnings`. */
  readonly warnings: readonly CertificateWarning[];
  /** Why the files as they are now cannot be used. */
  readonly problem?: string;
}

/** Other files that took the place of those before. */
export interface Replacement {
  /** Those before are followed no longer. */
  commit(): void;
  /** Those before are back. */
  undo(): void;
}

/** The certificate that the settings name, followed while its files change, and while the settings do. */
export class CurrentCertificate extends HeldCertificate {
  readonly #parts: CertificateFilesParts;
  #files: CertificateFiles | undefined;

  constructor(parts: CertificateFilesParts) {
    super();
    this.#parts = parts;
  }

  /**
   * Uses the files that these settings name from now on.
   * @throws CertificateError when they cannot be used; then nothing has changed.
   */
  async replace(settings: Named): Promise<Replacement> {
    const [before, certificateBefore] = [this.#files, this.known];
    const paths = certificatePaths(settings);
    const next = paths && (await openFiles(paths, this.#parts));
    this.#files = next;
    next?.onChange((certificate) => {
      if (this.#files === next) this.set(certificate);
    });
    if (next !== undefined) this.set(next.current);
    return {
      commit: () => before?.close(),
      undo: () => {
        next?.close();
        this.#files = before;
        if (certificateBefore !== undefined) this.set(certificateBefore);
      },
    };
  }

  /** What `status` shows of it; undefined when none is set. `addresses` are where it is shown, `now` milliseconds since 1970. */
  status(addresses: readonly ListenAddress[], now: number): CertificateStatus | undefined {
    if (this.#files === undefined) return undefined;
    const { current, problem } = this.#files;
    const { names, notAfter } = current;
    return {
      ...{ names, notAfter },
      warnings: certificateWarnings(current, addresses, now),
      ...(problem !== undefined && { problem }),
    };
  }

  /** Follows the files no longer. */
  close(): void {
    this.#files?.close();
  }
}

/** Loads the code when it is asked for: most machines have no use for it. */
async function openFiles(paths: CertificatePaths, parts: CertificateFilesParts): Promise<CertificateFiles> {
  const files = await import('./certificate-files.ts');
  return await files.CertificateFiles.open(paths, parts);
}
