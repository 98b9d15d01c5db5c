import { createHash, X509Certificate } from 'node:crypto';
import { addressOctets } from '../../ip/address.ts';
import { ipClass } from '../../ip/address-class.ts';
import { shellWord } from '../../system/commands/shell-word.ts';

/** A certificate as it was written. */
export interface WrittenCertificate {
  readonly names: readonly string[];
  readonly notAfter: Date;
  /** Absolute paths. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  readonly authorityPem: string;
  readonly certificatePem: string;
  /** Root's files cannot be read by other users, who need a copy of the authority. */
  readonly isRoot: boolean;
}

/** What a program needs so that it trusts the certificate and uses the resolver. */
export interface ClientRecipe {
  /** The program: `Chromium, one user`. */
  readonly client: string;
  /** Where `lines` belong: commands of a shell, or the content of a file. */
  readonly file?: string;
  readonly lines: readonly string[];
}

/** Where everybody can read the authority; Debian's update-ca-certificates reads it too. */
const PUBLIC_COPY = '/usr/local/share/ca-certificates/pkarrd.crt';
/** The address of DNS over HTTPS in the settings and the recipes. */
const DOH = 'https://localhost:8443/dns-query';

/** localhost and its two addresses come first. */
const OWN_NAMES = 3;

/** The settings for pkarrd.toml, one in a line. It listens on the addresses that were given, beside its own. */
export function settingLines({ names, certificate, key }: WrittenCertificate): readonly string[] {
  const addresses = names.flatMap((name) => {
    const octets = addressOctets(name);
    if (octets === undefined || name === '::1') return [];
    return [octets.length === 4 ? name : `[${name}]`];
  });
  const listen = (port: number) => {
    const places = addresses.map((address) => JSON.stringify(`${address}:${port}`));
    return places.length === 1 ? places.join('') : `[${places.join(', ')}]`;
  };
  return [
    `https = ${listen(8443)}`,
    `tls-listen = ${listen(853)}`,
    `certificate = ${JSON.stringify(certificate)}`,
    `certificate-key = ${JSON.stringify(key)}`,
  ];
}

/** What each browser and tool needs. */
export function clientRecipes(written: WrittenCertificate): readonly ClientRecipe[] {
  const { names, authority, authorityPem, isRoot } = written;
  const ca = isRoot ? PUBLIC_COPY : authority;
  const quoted = shellWord(ca);
  const base64 = new X509Certificate(authorityPem).raw.toString('base64');
  const sudo = isRoot ? '' : 'sudo ';
  return [
    {
      client: "Debian's store, for curl, wget, dig, kdig and most other programs",
      lines: [
        `${sudo}install -D -m 644 ${shellWord(authority)} ${PUBLIC_COPY}`,
        `${sudo}update-ca-certificates`,
      ],
    },
    {
      client: 'Chromium, for one user (certutil is in libnss3-tools)',
      lines: [
        'mkdir -p "$HOME/.pki/nssdb"',
        '[ -e "$HOME/.pki/nssdb/cert9.db" ] || certutil -d "sql:$HOME/.pki/nssdb" -N --empty-password',
        // An older one under this name would be kept.
        'certutil -d "sql:$HOME/.pki/nssdb" -D -n pkarrd 2>/dev/null || true',
        `certutil -d "sql:$HOME/.pki/nssdb" -A -t C,, -n pkarrd -i ${quoted}`,
      ],
    },
    {
      client: 'Chromium, for all users',
      file: '/etc/chromium/policies/managed/pkarrd.json',
      lines: [
        JSON.stringify({
          CACertificates: [base64],
          DnsOverHttpsMode: 'secure',
          DnsOverHttpsTemplates: `${DOH}{?dns}`,
        }),
      ],
    },
    {
      client: 'Firefox, for all users',
      file: '/etc/firefox/policies/policies.json',
      lines: [
        JSON.stringify({
          policies: {
            Certificates: { Install: [ca] },
            DNSOverHTTPS: { Enabled: true, ProviderURL: DOH, Fallback: false },
          },
        }),
      ],
    },
    { client: 'curl', lines: [`curl --cacert ${quoted} --doh-url ${DOH} http://KEY/`] },
    {
      client: 'kdig',
      lines: [
        `kdig +https=/dns-query +tls-ca=${quoted} +tls-hostname=localhost @127.0.0.1 -p 8443 KEY`,
        `kdig +tls-ca=${quoted} +tls-hostname=localhost @127.0.0.1 KEY`,
      ],
    },
    {
      client: 'dig',
      lines: [
        `dig +https +tls-ca=${quoted} +tls-hostname=localhost @127.0.0.1 -p 8443 KEY`,
        `dig +tls +tls-ca=${quoted} +tls-hostname=localhost @127.0.0.1 KEY`,
      ],
    },
    {
      client: 'Another pkarrd',
      file: 'its pkarrd.toml',
      lines: [`upstream = "tls://${names.find(isElsewhere) ?? '127.0.0.1'}#${pinOf(written)}"`],
    },
  ];
}

/** Whether an address leads to this machine from others too. */
function isElsewhere(name: string): boolean {
  const octets = addressOctets(name);
  return octets !== undefined && ipClass(octets) !== 'loopback';
}

/** RFC 7858 appendix A: the SHA-256 of the SubjectPublicKeyInfo, with which a client needs no authority. */
function pinOf({ certificatePem }: WrittenCertificate): string {
  const { publicKey } = new X509Certificate(certificatePem);
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return `sha256/${createHash('sha256').update(spki).digest('base64')}`;
}

/** What was written, and everything that is to be done with it. */
export function localCertificateText(written: WrittenCertificate): string {
  const { names, notAfter, authority, certificate, key, isRoot } = written;
  const sudo = isRoot ? '' : 'sudo ';
  const width = Math.max(...[authority, certificate, key].map(({ length }) => length)) + 2;
  return [
    `A certificate for ${listed(names)} was written. It ends on ${notAfter.toISOString().slice(0, 10)}.`,
    `  ${authority.padEnd(width)}the certificate of its authority, which clients need`,
    `  ${certificate.padEnd(width)}the certificate`,
    `  ${key.padEnd(width)}its secret key`,
    'The authority can issue nothing else: its secret was not kept.',
    '',
    'Settings for /etc/pkarrd/pkarrd.toml; the service reads secrets below /etc/pkarrd/tls, when it starts:',
    ...indented(settingLines(written)),
    'Then have systemd open these addresses, and restart the service when its certificate was replaced:',
    ...indented([`${sudo}pkarrd install`, `${sudo}systemctl restart pkarrd`]),
    '',
    ...elsewhere(written),
    ...clientRecipes(written).flatMap(({ client, file, lines }) => [
      file === undefined ? `${client}:` : `${client}, in ${file}:`,
      ...indented(lines),
      '',
    ]),
  ].join('\n');
}

/** What is different on other machines, if there is a name for them. */
function elsewhere({ names, authority }: WrittenCertificate): readonly string[] {
  const name = names.slice(OWN_NAMES).find((one) => !one.startsWith('*'));
  if (name === undefined) return [];
  return [
    `On other machines take ${name} in the place of localhost and 127.0.0.1, and a copy of ${authority}.`,
    '',
  ];
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
