import type { ConfigProblem } from '../../config/config-error.ts';
import { credentialFor } from '../../config/credentials.ts';
import type { PublishTables } from '../../config/publish-tables.ts';
import type { Machine } from '../../config/table/setting.ts';
import { parseTypedName } from '../../dns/typed-name.ts';
import { noExternalAddresses } from '../../pkarr/zone/file/placeholders.ts';
import { KeyFileError, readKeyFile } from '../../publish/key-file.ts';
import { readZoneText } from '../../publish/read-zone.ts';
import { loadZone } from '../../publish/zone-file.ts';
import { ZoneProblem } from '../../publish/zone-problem.ts';

/** What is wrong with zone files and key files. */
interface PublicationFindings {
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigProblem[];
}

/**
 * Reads the zone files and key files of the configuration. The running program reports errors in them and continues;
 * `check` reports them in advance.
 */
export async function examinePublications(
  { publish }: PublishTables,
  { environment }: Machine,
): Promise<PublicationFindings> {
  const found = await Promise.all(publish.map((table) => examineOne(table, environment)));
  return {
    problems: found.flatMap(({ problems }) => problems),
    warnings: found.flatMap(({ warnings }) => warnings),
  };
}

async function examineOne(
  { zone, key, origin, where }: PublishTables['publish'][number],
  environment: Machine['environment'],
): Promise<PublicationFindings> {
  const at = (message: string): ConfigProblem => ({ where, message });
  try {
    const { publicKey } = await readKeyFile(key, credentialFor(key, environment));
    const { warnings } = loadZone(await readZoneText(zone), publicKey, noExternalAddresses, {
      movedFrom: origin === undefined ? undefined : parseTypedName(origin),
    });
    return { problems: [], warnings: warnings.map(at) };
  } catch (error) {
    if (error instanceof KeyFileError) return { problems: [at(error.message)], warnings: [] };
    if (!(error instanceof ZoneProblem)) throw error;
    const problems = error.faults.map((fault) => at(`the zone file cannot be published: ${fault}`));
    return { problems, warnings: [] };
  }
}
