import type { ServiceCommands } from '../../system/commands/service-commands.ts';
import type { RunningProgram } from '../check-parts.ts';
import { type Finding, failure, fine, warning } from '../finding.ts';

const TOPIC = 'certificate';

/** The certificate for DNS over TLS and HTTPS, if the running program has one. */
export function examineCertificate(
  running: RunningProgram,
  { restart }: ServiceCommands,
  now: number,
): readonly Finding[] {
  const certificate = running.kind === 'answers' ? running.status.certificate : undefined;
  if (certificate === undefined) return [];
  const { names, notAfter, warnings, problem } = certificate;
  // One that is over is refused by every client.
  const found = notAfter <= now ? failure : warning;
  const findings = warnings.map(({ text, remedy }) =>
    found(TOPIC, text, `${remedy.replace(/\.?$/, '.')} Then: ${restart}.`),
  );
  if (problem !== undefined)
    findings.push(
      warning(
        TOPIC,
        `The one before stays in force, since its files changed and cannot be used: ${problem}`,
        'Correct them; they are read again by themselves.',
      ),
    );
  const until = new Date(notAfter).toISOString().slice(0, 10);
  return findings.length > 0 ? findings : [fine(TOPIC, `It is for ${names.join(', ')}, until ${until}.`)];
}
