import type { ConfigProblem } from '../config/config-error.ts';
import type { LoadedSettings } from '../config/load-settings.ts';
import type { Settings } from '../config/settings.ts';
import type { Certificate } from '../serve/certificate/certificate.ts';
import { certificatePaths } from '../serve/certificate/certificate-paths.ts';

/** A configuration, as far as its certificate is concerned. */
type Configured = Pick<LoadedSettings, 'settings' | 'origins'>;

/** Why the certificate of the settings cannot be used. */
export async function certificateProblems({
  settings,
  origins,
}: Configured): Promise<readonly ConfigProblem[]> {
  const found = await read(settings);
  return typeof found === 'string' ? [{ where: origins.certificate, message: found }] : [];
}

/** What is wrong with a certificate that can be used: it ends soon, or is not for where it is shown. */
export async function tlsWarnings(
  { settings, origins }: Configured,
  now: number,
): Promise<readonly ConfigProblem[]> {
  const found = await read(settings);
  if (found === undefined || typeof found === 'string') return [];
  const { certificateWarnings } = await import('../serve/certificate/certificate-warnings.ts');
  const addresses = [...settings.tlsListen, ...settings.https];
  return certificateWarnings(found, addresses, now).map(({ text, remedy }) => ({
    where: origins.certificate,
    message: `${text} ${remedy}`,
  }));
}

/** The certificate, or why there is none, as a sentence; undefined when none is set. */
async function read(settings: Settings): Promise<Certificate | string | undefined> {
  const paths = certificatePaths(settings);
  if (paths === undefined) return undefined;
  const [{ readCertificate }, { CertificateError }] = await Promise.all([
    import('../serve/certificate/read-certificate.ts'),
    import('../serve/certificate/certificate.ts'),
  ]);
  try {
    return (await readCertificate(paths)).certificate;
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    return error.message;
  }
}
