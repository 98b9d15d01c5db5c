import type { ConfigProblem } from '../../config/config-error.ts';
import type { PublishTables } from '../../config/publish-tables.ts';
import { noExternalAddresses } from '../../publish/external-addresses.ts';
import { KeyFileError, readKeyFile } from '../../publish/key-file.ts';
import { ZoneWatch } from '../../publish/zone-watch.ts';

/**
 * Errors in the zone files and key files of the configuration. The running program reports these and continues; `check`
 * reports them in advance.
 */
export function publicationProblems({ publish }: PublishTables): readonly ConfigProblem[] {
  return publish.flatMap(({ zone, key, where }) => {
    const problems: ConfigProblem[] = [];
    try {
      const { publicKey } = readKeyFile(key);
      const watch = new ZoneWatch(zone, publicKey, (faults) => {
        problems.push(
          ...faults.map((fault) => ({ where, message: `the zone file cannot be published: ${fault}` })),
        );
      });
      watch.look(noExternalAddresses);
    } catch (error) {
      if (!(error instanceof KeyFileError)) throw error;
      problems.push({ where, message: error.message });
    }
    return problems;
  });
}
