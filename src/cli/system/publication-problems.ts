import type { ConfigProblem } from '../../config/config-error.ts';
import type { PublishTables } from '../../config/publish-tables.ts';
import { noExternalAddresses } from '../../publish/external-addresses.ts';
import { KeyFileError, readKeyFile } from '../../publish/key-file.ts';
import { ZoneWatch } from '../../publish/zone-watch.ts';

/**
 * What is wrong with the files that the configuration names. The running program takes these as they come and goes on;
 * whoever checks wants to know before.
 */
export function publicationProblems({ publish }: PublishTables): readonly ConfigProblem[] {
  return publish.flatMap(({ zone, key, where }) => {
    const problems: ConfigProblem[] = [];
    try {
      const { publicKey } = readKeyFile(key);
      const watch = new ZoneWatch(zone, publicKey, (faults) => {
        problems.push(
          ...faults.map((fault) => ({ where, message: `the zone cannot be published: ${fault}` })),
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
