import type { Settings } from '../../config/settings.ts';

/** Two files, as the settings name them. */
export interface CertificatePaths {
  readonly certificate: string;
  readonly key: string;
}

/** The paths that the settings name; undefined when they name none. */
export function certificatePaths({
  certificate,
  certificateKey,
}: Pick<Settings, 'certificate' | 'certificateKey'>): CertificatePaths | undefined {
  if (certificate === 'none' || certificateKey === 'none') return undefined;
  return { certificate, key: certificateKey };
}
