import type { IntegrateScene } from './scene.ts';

/** What Debian has, whatever looks after names. */
export async function debian({ write }: IntegrateScene): Promise<void> {
  await write({
    '/etc/nsswitch.conf': 'passwd: files systemd\nhosts:          files dns\nnetworks:       files\n',
    '/etc/hosts': '127.0.0.1 localhost\n',
    '/etc/resolv.conf': 'nameserver 10.77.0.1\nsearch fritz.box\n',
    '/sys/class/net/lo/ifindex': '1\n',
    '/sys/class/net/lan0/ifindex': '2\n',
    '/sys/class/net/vpn0/ifindex': '3\n',
    '/proc/self/net/route': 'Iface\nlan0\t00000000\t0100480A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n',
  });
}

/** systemd-resolved runs, with its module for glibc, and knows these links. */
export async function resolved(scene: IntegrateScene, dns: string, domain = ''): Promise<void> {
  await scene.write({
    '/etc/nsswitch.conf':
      'passwd: files systemd\nhosts:          files resolve [!UNAVAIL=return] dns\nnetworks:       files\n',
    '/etc/resolv.conf': '-> ../run/systemd/resolve/stub-resolv.conf',
    '/run/systemd/resolve/stub-resolv.conf': 'nameserver 127.0.0.53\nsearch fritz.box\n',
  });
  runs(scene, 'systemd-resolved.service');
  setAll(scene, {
    'resolvectl --version': 'systemd 252 (252.38-1~deb12u1)\n+PAM\n',
    'resolvectl --no-pager dns': `Global:\nLink 1 (lo):\n${dns}\n`,
    'resolvectl --no-pager domain': `Global:\n${domain}\n`,
    'resolvectl --no-pager llmnr': 'Global: no\nLink 2 (lan0): no\n',
    resolvectl: '',
  });
}

/** NetworkManager runs, and has set up this link. */
export function networkManager(scene: IntegrateScene, link: string): void {
  setAll(scene, {
    'nmcli --terse --fields RUNNING,VERSION general status': 'running:1.42.4\n',
    'nmcli --terse --escape no --fields STATE,DEVICE device status': `connected:${link}\nconnected (externally):vpn0\nunmanaged:lo\n`,
    nmcli: '',
    systemctl: '',
  });
}

/** systemd-networkd runs, and has set up this link by this file. */
export async function networkd(
  scene: IntegrateScene,
  number: number,
  link: string,
  file: string,
): Promise<void> {
  runs(scene, 'systemd-networkd.service');
  scene.programs.set('networkctl', '');
  await scene.write({
    [`/run/systemd/netif/links/${number}`]: `ADMIN_STATE=configured\nNETWORK_FILE=${file}\nDNS=10.77.0.1\n`,
    [`/sys/class/net/${link}/ifindex`]: `${number}\n`,
  });
}

function runs(scene: IntegrateScene, unit: string): void {
  const words = 'systemctl show --property=Id,ActiveState systemd-resolved.service systemd-networkd.service';
  const before = scene.programs.get(words) ?? '';
  setAll(scene, { [words]: `${before}Id=${unit}\nActiveState=active\n\n`, systemctl: '' });
}

function setAll({ programs }: IntegrateScene, all: Readonly<Record<string, string>>): void {
  for (const [words, output] of Object.entries(all)) programs.set(words, output);
}
