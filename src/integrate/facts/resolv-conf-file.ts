import { machineInterfaceNames } from '../../system/interfaces.ts';
import { parseResolvConf } from '../../system/resolv-conf.ts';
import type { Machine } from '../machine.ts';
import { followLinks, isThere, linkTarget, readText } from './files.ts';

/** The file that libc reads. */
export const RESOLV_CONF = '/etc/resolv.conf';

/** What /etc/resolv.conf is. */
export interface ResolvConfFacts {
  readonly kind: 'absent' | 'file' | 'link';
  /** Where it leads in the end; itself for a file. */
  readonly path: string;
  /** Its text; undefined when nothing is there. */
  readonly text: string | undefined;
  /** The resolvers that it names. */
  readonly servers: readonly string[];
  /** Domains that are put behind names. */
  readonly search: readonly string[];
}

/** Looks at /etc/resolv.conf. */
export async function findResolvConf(machine: Machine): Promise<ResolvConfFacts> {
  const target = await linkTarget(machine, RESOLV_CONF);
  const path = (await followLinks(machine, RESOLV_CONF)) ?? RESOLV_CONF;
  const text = await readText(machine, RESOLV_CONF);
  const { servers, search } = parseResolvConf(text ?? '', machineInterfaceNames());
  const kind = target !== undefined ? 'link' : (await isThere(machine, RESOLV_CONF)) ? 'file' : 'absent';
  return { kind, path, text, servers, search };
}
