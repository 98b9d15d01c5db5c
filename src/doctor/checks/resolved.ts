import { hostSources } from '../../integrate/facts/nsswitch.ts';
import { outputOf } from '../../integrate/machine.ts';
import { askResolvedSetting } from '../../system/links/resolved-links.ts';
import { isResolvedStub } from '../../system/own-addresses.ts';
import type { CheckParts } from '../check-parts.ts';
import { type Finding, failure, fine, warning } from '../finding.ts';

const TOPIC = 'systemd-resolved';
const INTEGRATE = 'Run "pkarrd integrate".';

/** What systemd-resolved does with names before it asks us; nothing where no program asks it. */
export async function examineResolved({ machine, facts }: CheckParts): Promise<readonly Finding[]> {
  const { resolved, resolvConf, nsswitch, links } = facts;
  const isAsked = hostSources(nsswitch).includes('resolve') || resolvConf.servers.some(isResolvedStub);
  if (resolved === undefined || !isAsked) return [];
  if (links === undefined)
    return [
      warning(
        TOPIC,
        'systemd-resolved did not tell about its links within a second.',
        'Restart it: "systemctl restart systemd-resolved".',
      ),
    ];

  const [configuration, llmnr, dnssec] = await Promise.all([
    outputOf(machine, ['systemd-analyze', 'cat-config', 'systemd/resolved.conf'], 3_000),
    askResolvedSetting(machine.run, 'llmnr'),
    askResolvedSetting(machine.run, 'dnssec'),
  ]);
  const asksSingleLabels = isOn(settingOf(configuration ?? '', 'ResolveUnicastSingleLabel'));
  const findings: Finding[] = [];
  const full = links.filter(({ servers }) => servers.length > 0);
  if (asksSingleLabels && full.length > 0) {
    const listed = full.map(({ name, servers }) => `${name} (${servers.join(', ')})`).join(', ');
    findings.push(
      failure(
        TOPIC,
        `Keys are also asked of the resolvers of ${listed}, and the first answer counts.`,
        INTEGRATE,
      ),
    );
  }
  const takeAll = links.filter(({ domains }) => domains.includes('~.'));
  if (takeAll.length > 0) {
    const names = takeAll.map(({ name }) => name).join(', ');
    findings.push(
      failure(TOPIC, `The link ${names} wants every name (~.), names below keys too.`, INTEGRATE),
    );
  }
  if (
    [...(llmnr ?? [])].some(([link, [value]]) => link !== 'Global' && value === 'yes') &&
    llmnr?.get('Global')?.[0] !== 'no'
  ) {
    findings.push(failure(TOPIC, 'Keys are asked of everybody on the local network too (LLMNR).', INTEGRATE));
  }
  const validating = [...(dnssec ?? [])].find(([, [value]]) => value !== undefined && value !== 'no');
  if (validating !== undefined) {
    const [where, [value]] = validating;
    findings.push(
      failure(
        TOPIC,
        `It validates DNSSEC (${where}: ${value}), which names of keys do not have, so they are refused.`,
        INTEGRATE,
      ),
    );
  }
  return findings.length > 0
    ? findings
    : [fine(TOPIC, `systemd-resolved ${resolved.version} passes names on to pkarrd alone.`)];
}

/** The last value of a key in configuration files; undefined when none sets it. */
function settingOf(text: string, key: string): string | undefined {
  const values = [...text.matchAll(new RegExp(`^[ \\t]*${key}[ \\t]*=(.*)$`, 'gm'))];
  return values.at(-1)?.[1]?.trim().toLowerCase();
}

/** systemd.syntax(7): "1, yes, true and on are equivalent". */
function isOn(value: string | undefined): boolean {
  return value !== undefined && ['1', 'yes', 'y', 'true', 't', 'on'].includes(value);
}
