import { pathToFileURL } from 'node:url';
import type { FuzzTarget } from './target.ts';
import { cachedAnswers } from './targets/cached-answers.ts';
import { configuration } from './targets/configuration.ts';
import { dnsMessages } from './targets/dns-message.ts';
import { domainNames } from './targets/domain-name.ts';
import { frames } from './targets/frames.ts';
import { krpc } from './targets/krpc.ts';
import { recordTexts } from './targets/record-text.ts';
import { signedPackets } from './targets/signed-packet.ts';
import { upstreamReplies } from './targets/upstream-reply.ts';
import { zoneFiles } from './targets/zone-file.ts';
import { zoneLookups } from './targets/zone-lookup.ts';

/** The pure parts, in the order in which they run. */
export const targets: readonly FuzzTarget[] = [
  dnsMessages,
  domainNames,
  recordTexts,
  signedPackets,
  zoneLookups,
  zoneFiles,
  krpc,
  configuration,
  cachedAnswers,
  upstreamReplies,
  frames,
];

/** The target of that name, or the one that the module at a path ending in `.mjs` exports; undefined when there is none. */
export async function targetNamed(name: string): Promise<FuzzTarget | undefined> {
  if (!name.endsWith('.mjs')) return targets.find((target) => target.name === name);
  const { target } = (await import(pathToFileURL(name).href)) as { readonly target: FuzzTarget };
  return target;
}
