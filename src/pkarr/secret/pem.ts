import { octetsFromBase64 } from '../../octets/text.ts';
import { type FoundSecret, refuse, refuseKind } from './found-secret.ts';
import { readOpensshKey } from './openssh-key.ts';
import { readPkcs8 } from './pkcs8.ts';

/** The label of PKCS #8 that is encrypted (RFC 7468 §11). */
export const ENCRYPTED_LABEL = 'ENCRYPTED PRIVATE KEY';

/** The secret in a text with some block of PEM (RFC 7468); undefined for a text without one. */
export function readPem(text: string): FoundSecret | undefined {
  const labels = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,40})-----/g)].map(([, label = '']) => label);
  const [first] = labels;
  if (first === undefined) return undefined;
  const secrets = labels.filter((label) => label.includes('PRIVATE KEY'));
  if (secrets.length > 1)
    return {
      kind: 'refused',
      why: `There are ${secrets.length} private keys in it. Leave the one that is meant.`,
    };
  const [label = first] = secrets;
  const kind = kinds.find(([start]) => label.startsWith(start))?.[1];
  if (kind !== undefined) return refuseKind(kind);
  const name = names.find(([pattern]) => pattern.test(label))?.[1];
  if (name !== undefined) return refuse(name);
  if (label === ENCRYPTED_LABEL) return { kind: 'encrypted', text };
  const read = readers.get(label);
  if (read === undefined) return refuse(`a block of PEM with another content, ${label}`);
  return read(pemContent(text, label));
}

/** The octets of the first block with this label; none if it is damaged. */
export function pemContent(text: string, label: string): Uint8Array {
  const body = text.split(`-----BEGIN ${label}-----`)[1]?.split(`-----END ${label}-----`)[0] ?? '';
  return octetsFromBase64(body.replace(/\s/g, '')) ?? new Uint8Array(0);
}

const readers: ReadonlyMap<string, (octets: Uint8Array) => FoundSecret> = new Map([
  ['PRIVATE KEY', readPkcs8],
  ['OPENSSH PRIVATE KEY', readOpensshKey],
]);

/** Keys of other algorithms, by how the label of their block begins. */
const kinds: readonly (readonly [start: string, name: string])[] = [
  ['RSA PRIVATE', 'an RSA key'],
  ['EC P', 'an ECDSA key'],
  ['DSA P', 'a DSA key'],
];

/** What blocks without a secret key are, by their labels. */
const names: readonly (readonly [label: RegExp, name: string])[] = [
  [/^PGP /, 'a key or a message of OpenPGP'],
  [/^AGE ENCRYPTED FILE$/, 'a file that age has encrypted: age --decrypt FILE | pkarrd keygen --from -'],
  [/CERTIFICATE/, 'a certificate, and not its key'],
  [/PUBLIC KEY$/, 'a public key, and not its secret'],
];
