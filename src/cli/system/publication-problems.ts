import type { ConfigProblem } from '../../config/config-error.ts';
import type { PublishTables } from '../../config/publish-tables.ts';
import { noExternalAddresses } from '../../publish/external-addresses.ts';
import { KeyFileError, readKeyFile } from '../../publish/key-file.ts';
import { loadZone, readZoneText, ZoneProblem } from '../../publish/zone-file.ts';

/**
 * Errors in the zone files and key files of the configuration. The running program reports these and continues; `check`
 * reports them in advance.
 */
export async function publicationProblems({ publish }: PublishTables): Promise<readonly ConfigProblem[]> {
  const problems = await Promise.all(
    publish.map(async ({ zone, key, where }): Promise<readonly ConfigProblem[]> => {
      try {
        const { publicKey } = await readKeyFile(key);
        loadZone(await readZoneText(zone), publicKey, noExternalAddresses);
        return [];
      } catch (error) {
        if (error instanceof KeyFileError) return [{ where, message: error.message }];
        if (!(error instanceof ZoneProblem)) throw error;
        return error.faults.map((fault) => ({
          where,
          message: `the zone file cannot be published: ${fault}`,
        }));
      }
    }),
  );
  return problems.flat();
}
