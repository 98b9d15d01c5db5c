import { basename } from 'node:path';
import type { Machine } from '../machine.ts';
import { filesIn, readText } from './files.ts';

/** Programs that ask for an address by themselves, and write /etc/resolv.conf with each lease unless they are told not to. */
export type DhcpClient = 'dhclient' | 'dhcpcd' | 'udhcpc';

/**
 * What tells each of them to leave the file alone: dhclient.conf(5), dhcpcd.conf(5), and the script of udhcpc on Alpine. pkarrd is
 * not told of the network's resolvers then.
 */
const settings: Readonly<
  Record<DhcpClient, { readonly line: string; readonly file: string; readonly isTold: RegExp }>
> = {
  dhclient: {
    line: 'supersede domain-name-servers 127.0.0.1;',
    file: '/etc/dhcp/dhclient.conf',
    isTold: /^\s*supersede\s+domain-name-servers\s+127\.0\.0\.1\s*;/m,
  },
  dhcpcd: {
    line: 'nohook resolv.conf',
    file: '/etc/dhcpcd.conf',
    isTold: /^\s*nohook\b[^#\n]*\bresolv\.conf\b/m,
  },
  udhcpc: {
    line: 'RESOLV_CONF="no"',
    file: '/etc/udhcpc/udhcpc.conf',
    isTold: /^\s*RESOLV_CONF=["']?no["']?\s*$/im,
  },
};

/** DHCP clients that run and write /etc/resolv.conf. While they run, they leave a file with their process. */
export async function findDhcpClients(machine: Machine): Promise<readonly DhcpClient[]> {
  const names = (await filesIn(machine, '/run')).map((path) => basename(path));
  const found = new Set(
    names.flatMap((name) => /^(dhclient|dhcpcd|udhcpc)\b.*\.pid$/.exec(name)?.[1] ?? []) as DhcpClient[],
  );
  if ((await filesIn(machine, '/run/dhcpcd')).some((path) => /(?:^|\.)pid$/.test(basename(path))))
    found.add('dhcpcd');
  const writing = await Promise.all([...found].map(async (client) => !(await isTold(machine, client))));
  return [...found].filter((_, index) => writing[index] === true);
}

/** What to do about one of them, as a clause. */
export function leaveAlone(client: DhcpClient): string {
  const { line, file } = settings[client];
  return `add this line to ${file}: ${line} (pkarrd no longer learns of the network's resolvers then: set "upstream")`;
}

async function isTold(machine: Machine, client: DhcpClient): Promise<boolean> {
  if (settings[client].isTold.test((await readText(machine, settings[client].file)) ?? '')) return true;
  if (client !== 'dhclient') return false;
  // dhclient-script(8): a hook may define the function that writes the file.
  const hooks = await filesIn(machine, '/etc/dhcp/dhclient-enter-hooks.d');
  const texts = await Promise.all(hooks.map((path) => readText(machine, path)));
  return texts.some((text) => /\bmake_resolv_conf\s*\(\)/.test(text ?? ''));
}
