import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { programVersion } from '../src/system/program-version.ts';
import { type Platform, root, VERSION } from './bun.ts';
import { sourceDate } from './source-date.ts';

/** An entry of package-lock.json, as far as it is used. */
interface LockedPackage {
  readonly version: string;
  readonly integrity: string;
  readonly license?: string;
  readonly dev?: boolean;
}

/**
 * What the program is made of, as CycloneDX 1.5: the packages of the lock file that are not for development alone, with
 * their licenses and hashes, and for the one file Bun. `npm sbom` leaves out a package that a tool of development needs too.
 * @param platform that of the one file; absent for the package of npm.
 */
export function billOfMaterials(platform?: Platform): string {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  const ours = Object.entries(packages).filter(([path, { dev }]) => path !== '' && dev !== true);
  const components = ours.map(([path, { version, integrity, license }]) =>
    component('library', path.slice(path.lastIndexOf('node_modules/') + 13), version, integrity, license),
  );
  if (platform !== undefined)
    components.push(component('platform', `@oven/bun-${platform.name}`, VERSION, platform.integrity, 'MIT'));
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      timestamp: sourceDate().toISOString(),
      component: {
        'bom-ref': `pkarrd@${programVersion()}`,
        type: 'application',
        name: 'pkarrd',
        version: programVersion(),
        purl: `pkg:npm/pkarrd@${programVersion()}`,
        licenses: [{ license: { id: 'MIT' } }],
      },
    },
    components,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/** @param integrity as in the lock file (Subresource Integrity): `sha512-` and base64. */
function component(
  type: string,
  name: string,
  version: string,
  integrity: string,
  license: string | undefined,
) {
  return {
    'bom-ref': `${name}@${version}`,
    type,
    name,
    version,
    // purl: the scope is part of the path, and its @ is encoded.
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    hashes: [{ alg: 'SHA-512', content: Buffer.from(integrity.slice(7), 'base64').toString('hex') }],
    ...(license === undefined ? {} : { licenses: [{ expression: license }] }),
  };
}
