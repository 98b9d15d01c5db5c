import { MAX_PUBLISH_BYTES } from '../../pkarr/packet-message.ts';
import type { PublicKey } from '../../pkarr/public-key.ts';
import type { LoadedZone } from '../../publish/zone-file.ts';
import type { LargeZoneProblem } from '../../publish/zone-problem.ts';
import { recordToJson } from '../ask/record-json.ts';
import { CommandError, type Invocation, type Terminal, writeJson } from '../command.ts';
import { recordLines } from '../packet-text.ts';
import { sizeReport, sizeReportText, sizeReportToJson } from './too-large.ts';
import { tellAbout, type ZoneSource } from './zone-source.ts';

/** Shows what would be published, as a zone file that can be published in place of the other. */
export function showDryRun(
  zone: LoadedZone,
  publicKey: PublicKey,
  invocation: Invocation,
  terminal: Terminal,
): void {
  tellAbout(zone, terminal);
  const bytes = zone.message.length;
  if (invocation.has('json')) {
    const records = zone.records.map(recordToJson);
    writeJson(terminal, { key: publicKey.text, bytes, maxBytes: MAX_PUBLISH_BYTES, records });
    return;
  }
  terminal.out(`; key  ${publicKey}\n`);
  terminal.out(`; size ${bytes} of ${MAX_PUBLISH_BYTES} bytes\n`);
  terminal.out(recordLines(zone.records));
}

/**
 * Says what each record of a zone that is too large would save, and what helps; with --json as values.
 * @returns the error to end with.
 */
export function tooLargeError(
  problem: LargeZoneProblem,
  { keyPair }: ZoneSource,
  invocation: Invocation,
): CommandError {
  const { publicKey } = keyPair;
  const report = sizeReport(problem, publicKey);
  if (invocation.has('json')) {
    const { size, excess } = problem;
    const values = {
      key: publicKey.text,
      bytes: size,
      maxBytes: MAX_PUBLISH_BYTES,
      excessBytes: excess,
      ...sizeReportToJson(report),
    };
    return new CommandError(problem.message, { cause: problem, values });
  }
  return new CommandError(problem.message, { cause: problem, details: sizeReportText(report, problem) });
}
