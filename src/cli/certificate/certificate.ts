import { X509Certificate } from 'node:crypto';
import { join, resolve } from 'node:path';
import {
  type CertificateName,
  CertificateNameError,
  parseCertificateName,
} from '../../certificate/certificate-name.ts';
import { keyCertificateNames, makeKeyCertificate } from '../../certificate/key-certificate.ts';
import { makeLocalCertificate } from '../../certificate/local-certificate.ts';
import { WriteError, writeDirectory, writeOneFile } from '../../certificate/write-files.ts';
import { credentialFor } from '../../config/credentials.ts';
import { secretPem } from '../../pkarr/key-pem.ts';
import {
  type Command,
  CommandError,
  Exit,
  type Invocation,
  jsonFlag,
  type Terminal,
  UsageError,
  writeJson,
} from '../command.ts';
import { openKeyFile, passphraseFlag } from '../keys/open-key-file.ts';
import { keyCertificateText } from './key-certificate-text.ts';
import { clientRecipes, localCertificateText, settingLines } from './local-certificate-text.ts';

/** Five years. */
const DEFAULT_DAYS = 1826;
const MAX_DAYS = 3650;
/** Names that are given; browsers read certificates of some kilobytes. */
const MAX_NAMES = 100;
/** Before this program existed: the clock was not set. */
const EARLIEST = Date.UTC(2026, 0, 1);
/** In the directory. The certificate of the authority is no secret, and is copied to where everybody can read it. */
const files = { authority: 'ca.pem', certificate: 'server.pem', key: 'server.key' } as const;

/** Makes certificates: of this resolver, and of a key. */
export const certificate: Command = {
  name: 'certificate',
  description: [
    'With --out DIR it makes a certificate for DNS over HTTPS and DNS over TLS, and an authority that issued it: for ' +
      'localhost, 127.0.0.1, ::1 and the names and addresses in --name. It prints the lines that browsers and other ' +
      'programs need to trust it, and the settings for pkarrd.toml. The authority is limited to these names, and its ' +
      'secret is not kept: trusting it means trusting this one server. Another name needs a new certificate. Below ' +
      'the unit of systemd the directory is /etc/pkarrd/tls.',
    'With --key FILE it makes the certificate of a key for a web server, and writes it to one file with the secret key: ' +
      'whoever knows the name of the key can check the certificate without any authority. It has no end. The web server ' +
      'then holds the secret of the zone; a second key for the site and an alias to it are safer, and are shown.',
  ],
  operands: [],
  flags: [
    {
      name: 'out',
      value: 'PATH',
      help:
        'Write ca.pem, server.pem and server.key to this directory; it is made if it is not there. With --key: write this ' +
        'file (default: PUBLICKEY.pem in the current directory)',
    },
    {
      name: 'name',
      value: 'NAME',
      help: 'A host name or an address that clients use for this resolver, such as dns.home.arpa; can be repeated',
    },
    {
      name: 'days',
      value: 'DAYS',
      help: `How long it is valid, 1 to ${MAX_DAYS} (default: ${DEFAULT_DAYS}, five years). Devices of Apple take 824 at most`,
    },
    {
      name: 'key',
      value: 'FILE',
      help: 'Make the certificate of this key instead; a key file, as written by "pkarrd keygen"',
    },
    { name: 'force', help: 'Replace files that exist' },
    passphraseFlag,
    jsonFlag,
  ],
  settings: [],
  async run(invocation, terminal) {
    try {
      const keyFile = invocation.value('key');
      if (keyFile === undefined) makeLocal(invocation, terminal);
      else await makeForKey(keyFile, invocation, terminal);
      return Exit.OK;
    } catch (error) {
      if (error instanceof WriteError) throw new CommandError(error.message, { cause: error });
      throw error;
    }
  },
};

function makeLocal(invocation: Invocation, terminal: Terminal): void {
  const out = invocation.value('out');
  if (out === undefined) throw new UsageError('certificate: --out DIR or --key FILE is missing.');
  const names = readNames(invocation.values('name'));
  const days = readDays(invocation.value('days'));
  const now = terminal.now();
  if (now < EARLIEST) {
    const date = new Date(now).toISOString().slice(0, 10);
    throw new CommandError(`The clock of this machine says ${date}. Set it first: certificates have dates.`);
  }
  const made = makeLocalCertificate(names, { days, now });
  writeDirectory(
    out,
    [
      { name: files.authority, content: made.authority, mode: 0o644 },
      { name: files.certificate, content: made.certificate, mode: 0o600 },
      { name: files.key, content: made.key, mode: 0o600 },
    ],
    { force: invocation.has('force') },
  );
  const directory = resolve(out);
  const written = {
    names: made.names.map(({ text }) => text),
    notBefore: made.notBefore,
    notAfter: made.notAfter,
    authority: join(directory, files.authority),
    certificate: join(directory, files.certificate),
    key: join(directory, files.key),
    authorityPem: made.authority,
    certificatePem: made.certificate,
    isRoot: terminal.machine.isRoot,
  };
  if (!invocation.has('json')) {
    terminal.out(localCertificateText(written));
    return;
  }
  writeJson(terminal, {
    names: written.names,
    notBefore: written.notBefore,
    notAfter: written.notAfter,
    authorityFile: written.authority,
    certificateFile: written.certificate,
    certificateKeyFile: written.key,
    authoritySha256: new X509Certificate(made.authority).fingerprint256,
    settingLines: settingLines(written),
    clients: clientRecipes(written).map(({ client, ...recipe }) => ({ program: client, ...recipe })),
  });
}

async function makeForKey(keyFile: string, invocation: Invocation, terminal: Terminal): Promise<void> {
  for (const flag of ['name', 'days']) {
    if (invocation.has(flag)) throw new UsageError(`certificate: --${flag} does not go with --key.`);
  }
  const credential = credentialFor(keyFile, terminal.machine.environment);
  const keyPair = await openKeyFile(keyFile, invocation.value('passphrase'), terminal, credential);
  const { text } = keyPair.publicKey;
  const file = resolve(invocation.value('out') ?? `${text}.pem`);
  // The secret first, since some web servers look for it in the first block.
  const content = secretPem(keyPair) + makeKeyCertificate(keyPair);
  writeOneFile(file, { content, mode: 0o600 }, { force: invocation.has('force') });
  if (invocation.has('json')) {
    const names = keyCertificateNames(keyPair).map((name) => name.text);
    writeJson(terminal, { key: text, certificateFile: file, names });
  } else {
    terminal.out(keyCertificateText({ key: text, file }));
  }
}

/** @throws UsageError */
function readNames(texts: readonly string[]): readonly CertificateName[] {
  if (texts.length > MAX_NAMES) throw new UsageError(`certificate: at most ${MAX_NAMES} names are possible.`);
  return texts.map((text) => {
    try {
      return parseCertificateName(text);
    } catch (error) {
      if (!(error instanceof CertificateNameError)) throw error;
      throw new UsageError(`--name ${JSON.stringify(text)}: ${error.message}.`, { cause: error });
    }
  });
}

/** @throws UsageError */
function readDays(text: string | undefined): number {
  if (text === undefined) return DEFAULT_DAYS;
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > MAX_DAYS)
    throw new UsageError(`--days ${JSON.stringify(text)}: expected a number from 1 to ${MAX_DAYS}.`);
  return days;
}
