import { credentialFor, fileOrCredential } from '../../config/credentials.ts';
import { type FileContent, FileError, fileIdentity, readUserFile } from '../../files/read-file.ts';
import { type Certificate, CertificateError, parseCertificate } from './certificate.ts';
import type { CertificatePaths } from './certificate-paths.ts';

/** Octets of a file: a chain has some 10,000. */
const MAX_FILE_LENGTH = 256_000;

/** A certificate as it was read. */
export interface ReadCertificate {
  readonly certificate: Certificate;
  /** Tells one state of the two files from another. */
  readonly identity: string;
}

/**
 * Reads a certificate and its key. A service of systemd reads what that made of them when it was started, if it may not read
 * the files themselves: see `credentialFor`.
 * @throws CertificateError when one of them cannot be read, or they cannot be used.
 */
export async function readCertificate(
  { certificate, key }: CertificatePaths,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<ReadCertificate> {
  const chainFile = await readFile(certificate, 'certificate', environment);
  const keyFile = await readFile(key, 'key', environment);
  return {
    certificate: parseCertificate(
      { path: certificate, text: chainFile.bytes.toString('latin1') },
      { path: key, text: keyFile.bytes.toString('latin1') },
    ),
    identity: `${chainFile.identity}, ${keyFile.identity}`,
  };
}

/** The state of the two files as they are now, links followed; undefined when one cannot be looked at. */
export async function certificateIdentity(
  { certificate, key }: CertificatePaths,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string | undefined> {
  const identities: string[] = [];
  for (const path of [certificate, key]) {
    const found = await fileOrCredential(path, environment, (place) => fileIdentity(place)).catch(
      asUnreadable,
    );
    if (found === undefined) return undefined;
    identities.push(found);
  }
  return identities.join(', ');
}

async function readFile(
  path: string,
  what: 'certificate' | 'key',
  environment: Readonly<Record<string, string | undefined>>,
): Promise<FileContent> {
  try {
    return await fileOrCredential(path, environment, (place) =>
      readUserFile(place, { maxBytes: MAX_FILE_LENGTH }),
    );
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const isCredential = credentialFor(path, environment) !== undefined;
    throw new CertificateError(
      isCredential && (error.kind === 'absent' || error.kind === 'denied')
        ? `The ${what} ${path} was not there when the service was started, which is when systemd reads it. Run: systemctl restart pkarrd`
        : `The ${what} ${path} cannot be read: ${error.message}.`,
      { cause: error },
    );
  }
}

function asUnreadable(error: unknown): undefined {
  if (!(error instanceof FileError)) throw error;
  return undefined;
}
