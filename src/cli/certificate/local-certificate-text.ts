import { X509Certificate } from 'node:crypto';

/** A certificate as it was written. */
export interface WrittenCertificate {
  readonly names: readonly string[];
  readonly notAfter: Date;
  /** Absolute paths. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  readonly authorityPem: string;
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

/** The settings for pkarrd.toml, one in a line. */
export function settingLines({ certificate, key }: WrittenCertificate): readonly string[] {
  return [
    'https = "127.0.0.1:8443"',
    'tls-listen = "127.0.0.1:853"',
    `certificate = ${JSON.stringify(certificate)}`,
    `certificate-key = ${JSON.stringify(key)}`,
  ];
}

/** What each browser and tool needs. */
export function clientRecipes({
  authority,
  authorityPem,
  isRoot,
}: WrittenCertificate): readonly ClientRecipe[] {
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
  ];
}

/** What was written, and everything that is to be done with it. */
export function localCertificateText(written: WrittenCertificate): string {
  const { names, notAfter, authority, certificate, key } = written;
  const width = Math.max(...[authority, certificate, key].map(({ length }) => length)) + 2;
  return [
    `A certificate for ${listed(names)} was written. It ends on ${notAfter.toISOString().slice(0, 10)}.`,
    `  ${authority.padEnd(width)}the certificate of its authority, which clients need`,
    `  ${certificate.padEnd(width)}the certificate`,
    `  ${key.padEnd(width)}its secret key`,
    'The authority can issue nothing else: its secret was not kept.',
    '',
    'Settings for /etc/pkarrd/pkarrd.toml (the service reads certificates in /etc/pkarrd/tls alone, when it starts):',
    ...indented(settingLines(written)),
    '',
    ...clientRecipes(written).flatMap(({ client, file, lines }) => [
      file === undefined ? `${client}:` : `${client}, in ${file}:`,
      ...indented(lines),
      '',
    ]),
  ].join('\n');
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** A word of a POSIX shell. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
