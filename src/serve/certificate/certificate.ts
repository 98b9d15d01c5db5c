import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';

/** A server's certificate and its key: they belong together. A type, so that it can be cloned. */
export type Certificate = {
  /** PEM: the server's own certificate, then those that lead to its CA. */
  readonly chain: string;
  /** PEM: the private key of the first certificate. */
  readonly key: string;
  /** The DNS names and IP addresses that it is for (RFC 5280 §4.2.1.6), in the spelling of the certificate. */
  readonly names: readonly string[];
  /** Milliseconds since 1970 at which it begins to be valid, and at which it ends. */
  readonly notBefore: number;
  readonly notAfter: number;
};

/** Where the certificate in force comes from. */
export interface CertificateSource {
  readonly current: Certificate;
  /** The same; undefined when none was set. */
  readonly known: Certificate | undefined;
  /** Calls `listener` with each certificate that takes the place of `current`. @returns what ends that. */
  onChange(listener: (certificate: Certificate) => void): () => void;
}

/** A certificate cannot be used. The message is a sentence for people, and never contains the key. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

/** Certificates of one chain: none has more than a few. */
const MAX_CHAIN = 16;

/** A file, its path for messages. */
export interface PemFile {
  readonly path: string;
  readonly text: string;
}

/**
 * A certificate from two files, which may be the same one. What else is in them, such as a root or parameters, is left out.
 * @throws CertificateError when one of them holds none, or they do not belong together.
 */
export function parseCertificate(chainFile: PemFile, keyFile: PemFile): Certificate {
  const blocks = pemBlocks(chainFile.text, /^CERTIFICATE$/).slice(0, MAX_CHAIN);
  if (blocks.length === 0)
    throw new CertificateError(
      `${chainFile.path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----).`,
    );
  const chain = blocks.map((pem, index) => readOne(pem, index + 1, chainFile.path));
  const [own] = chain as [X509Certificate];
  const keyPem = keyBlock(keyFile);
  const key = readKey(keyPem, keyFile.path);
  if (!own.checkPrivateKey(key)) {
    const isOrder = chain.some((other) => other.checkPrivateKey(key));
    throw new CertificateError(
      isOrder
        ? `The first certificate of ${chainFile.path} is not that of the key in ${keyFile.path}, but a later one is: ` +
            "the server's own has to come first."
        : `The key in ${keyFile.path} is not that of the certificate in ${chainFile.path}.`,
    );
  }
  const pem = { chain: `${blocks.join('\n')}\n`, key: `${keyPem}\n` };
  requireUsable(pem, chainFile.path);
  return {
    ...pem,
    names: namesOf(own.subjectAltName ?? ''),
    notBefore: Date.parse(own.validFrom),
    notAfter: Date.parse(own.validTo),
  };
}

/** What TLS refuses, such as a key of 512 bits, is found here, and not when the certificate is put into a listener. */
function requireUsable({ chain, key }: { readonly chain: string; readonly key: string }, path: string): void {
  try {
    // Loaded here: most programs have no certificate.
    process.getBuiltinModule('node:tls').createSecureContext({ cert: chain, key });
  } catch (error) {
    throw new CertificateError(`The certificate in ${path} cannot be used for TLS: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
}

/** RFC 1421 §4.6: lines such as `Proc-Type: 4,ENCRYPTED` in front of the content, which older programs write. */
const HEADERS = /(?:[\w-]{1,20}: .{0,80}\r?\n){0,4}/.source;
/** The encoding of RFC 7468. */
const BLOCK = new RegExp(`-----BEGIN ([A-Z0-9 ]{1,40})-----\\s*${HEADERS}[^-]*-----END \\1-----`, 'g');

/** Texts whose label is of this kind. */
function pemBlocks(text: string, label: RegExp): readonly string[] {
  return [...text.matchAll(BLOCK)].filter(([, found = '']) => label.test(found)).map(([block]) => block);
}

function readOne(pem: string, number: number, path: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new CertificateError(`Certificate ${number} of ${path} cannot be read: ${reasonOf(error)}.`, {
      cause: error,
    });
  }
}

function keyBlock({ path, text }: PemFile): string {
  const [first, second] = pemBlocks(text, /PRIVATE KEY$/);
  if (first === undefined)
    throw new CertificateError(`${path} holds no private key in PEM form (-----BEGIN PRIVATE KEY-----).`);
  if (second !== undefined) throw new CertificateError(`${path} holds more than one private key.`);
  if (first.includes('ENCRYPTED'))
    throw new CertificateError(
      `The key in ${path} has a passphrase, which nobody is there to type. Remove it: openssl pkey -in FILE -out FILE`,
    );
  return first;
}

function readKey(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new CertificateError(`The key in ${path} cannot be read: ${reasonOf(error)}.`, { cause: error });
  }
}

/** OpenSSL's words: `error:…:PEM routines::bad base64 decode`. They name no content. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * `DNS:localhost, IP Address:127.0.0.1`: what Node makes of a subjectAltName. It puts a name with odd characters in quotes;
 * that is no name of a server.
 */
function namesOf(text: string): readonly string[] {
  return text.split(', ').flatMap((entry) => {
    const [, name] = /^(?:DNS|IP Address):([\w.:*-]+)$/.exec(entry) ?? [];
    return name === undefined ? [] : [name];
  });
}
