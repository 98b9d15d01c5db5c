import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { promisify } from 'node:util';

const run = (program: string, args: readonly string[]) =>
  promisify(execFile)(program, args, { timeout: OPENSSL_MS, killSignal: 'SIGKILL' });
/** Milliseconds for one openssl command. */
const OPENSSL_MS = 30_000;

/** A certificate and its key, in files that are removed with the authority. */
export interface TestCertificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
  /** SHA-256 of the public key, in base64, as an upstream's pin is written. */
  readonly pin: string;
}

/** The content of a certificate. */
export interface CertificateWishes {
  /** As in the subjectAltName of openssl; default `DNS:dns.example`. */
  readonly names?: string;
  /** Validity in days; negative for an expired one. Default 2. */
  readonly days?: number;
  /** Self-signed. */
  readonly selfSigned?: boolean;
}

/** A certificate authority for one test. Node cannot issue certificates, so the `openssl` program does. */
export class TestAuthority {
  /** The authority's own certificate, PEM. */
  readonly pem: string;
  readonly #folder: string;
  #issued = 0;

  private constructor(folder: string, pem: string) {
    this.#folder = folder;
    this.pem = pem;
  }

  static async create(): Promise<TestAuthority> {
    const folder = await mkdtemp(join(tmpdir(), 'certificates-'));
    const file = (name: string): string => join(folder, name);
    await writeFile(file('openssl.cnf'), '[req]\ndistinguished_name=dn\n[dn]\n');
    await run('openssl', [
      ...['req', '-x509', '-config', file('openssl.cnf'), ...newKey, '-keyout', file('ca.key')],
      ...['-subj', '/CN=Authority of one test', '-addext', 'basicConstraints=critical,CA:TRUE'],
      ...['-days', '2', '-out', file('ca.pem')],
    ]);
    return new TestAuthority(folder, await readFile(file('ca.pem'), 'utf8'));
  }

  async issue({
    names = 'DNS:dns.example',
    days = 2,
    selfSigned = false,
  }: CertificateWishes = {}): Promise<TestCertificate> {
    this.#issued += 1;
    const file = (suffix: string): string => join(this.#folder, `${this.#issued}.${suffix}`);
    const authority = (suffix: string): string => join(this.#folder, `ca.${suffix}`);
    const [keyFile, certFile] = [file('key'), file('pem')];
    await run('openssl', [
      ...['req', '-new', '-config', join(this.#folder, 'openssl.cnf'), ...newKey, '-keyout', keyFile],
      ...['-subj', '/CN=test', '-addext', `subjectAltName=${names}`, '-out', file('csr')],
    ]);
    const signer = selfSigned ? ['-signkey', keyFile] : ['-CA', authority('pem'), '-CAkey', authority('key')];
    await run('openssl', [
      ...['x509', '-req', '-in', file('csr'), ...signer, '-days', String(days)],
      ...['-copy_extensions', 'copy', '-out', certFile],
    ]);
    const cert = await readFile(certFile, 'utf8');
    const publicKey = new X509Certificate(cert).publicKey.export({ type: 'spki', format: 'der' });
    return {
      ...{ certFile, keyFile, cert },
      key: await readFile(keyFile, 'utf8'),
      pin: createHash('sha256').update(publicKey).digest('base64'),
    };
  }

  /** The file with `pem`. */
  get pemFile(): string {
    return join(this.#folder, 'ca.pem');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#folder, { recursive: true });
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** An authority and a certificate of it for the tests of a file, with files that are removed after them. */
export async function certificateForTests(): Promise<{
  authority: TestAuthority;
  certificate: TestCertificate;
}> {
  const authority = await TestAuthority.create();
  after(() => authority[Symbol.asyncDispose]());
  return { authority, certificate: await authority.issue() };
}
