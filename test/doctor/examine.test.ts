import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { AppStatus } from '../../src/app/status.ts';
import { examineCertificate } from '../../src/doctor/checks/certificate.ts';
import { examineRunning } from '../../src/doctor/checks/running.ts';
import { examine } from '../../src/doctor/examine.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { PROBE_LABEL } from '../../src/resolve/special/probe.ts';
import { serviceCommands } from '../../src/system/commands/service-commands.ts';
import { type IntegrateScene, withScene } from '../integrate/scene.ts';
import { appStatus } from '../support/app-status.ts';

const status = appStatus();

/** What the kernel says of a socket on 127.0.0.1, port 53: one that is not connected (07) or that listens (0A). */
function socketTable(state: '07' | '0A'): string {
  const row = `1: 0100007F:0035 00000000:0000 ${state} 0:0 00:0 0 0 0 777 2`;
  return `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n${row}\n`;
}

/** A machine on which all is well: /etc/resolv.conf names us, and nothing else is there. */
async function wellScene(scene: IntegrateScene): Promise<void> {
  await scene.write({
    '/proc/net/udp': socketTable('07'),
    '/proc/net/tcp': socketTable('0A'),
    '/run/systemd/system/a.mount': '',
    '/etc/resolv.conf': 'nameserver 127.0.0.1\n',
    '/etc/nsswitch.conf': 'hosts: files dns\n',
    '/var/lib/pkarrd/store': '',
  });
}

async function findingsOf(scene: IntegrateScene, parts: Partial<Parameters<typeof examine>[0]> = {}) {
  return await examine({
    machine: scene.machine,
    running: { kind: 'answers', status },
    version: '1.0.0',
    programFile: process.execPath,
    stateDir: '/var/lib/pkarrd',
    now: Date.now(),
    ...parts,
  });
}

/** What is not well, by topic and state. */
function wrong(findings: readonly Finding[]): readonly string[] {
  return findings
    .filter(({ state }) => state !== 'ok')
    .map(({ topic, state, text }) => `${state} ${topic}: ${text}`);
}

/** The one that is not well. */
function only(findings: readonly Finding[]): Finding {
  const [finding, ...others] = findings.filter(({ state }) => state !== 'ok');
  assert.deepEqual(others, []);
  assert.ok(finding !== undefined, 'everything is well');
  assert.match(finding.remedy ?? '', /^["A-Z].*\.$/);
  assert.match(finding.text, /^[A-Z/].*\.$|^[\w.]+ /);
  return finding;
}

describe('the doctor', () => {
  test('finds nothing wrong on a machine on which all is well', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      const findings = await findingsOf(scene);
      assert.deepEqual(wrong(findings), []);
      const topics = new Set(findings.map(({ topic }) => topic));
      for (const topic of [
        'port 53',
        'running',
        'upstreams',
        'DHT',
        'look-ups',
        'resolv.conf',
        'clock',
        'state directory',
      ])
        assert.ok(topics.has(topic), topic);
    }));

  test('says that nobody asks at the port that the running program had to take', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      const parts = { listen: ['127.0.0.1:5300'], portNotPermitted: 53 };
      scene.answering = 'nobody';
      await scene.write({ '/proc/net/udp': '', '/proc/net/tcp': '' });
      const running = { kind: 'answers', status: { ...status, ...parts } } as const;
      const found = await findingsOf(scene, { running });
      const { text, remedy } = found.find(({ topic }) => topic === 'port 53') ?? assert.fail();
      assert.match(
        text,
        /the running pkarrd may not, and answers on 127\.0\.0\.1:5300, where no program asks/,
      );
      assert.match(remedy ?? '', /"sudo pkarrd install"/);
    }));

  test('says that nothing is kept while the running program cannot write its state directory', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      for (const store of ['read-only', 'waiting'] as const) {
        const running = { kind: 'answers', status: { ...status, store } } as const;
        const { topic, state, remedy = '' } = only(await findingsOf(scene, { running }));
        assert.deepEqual([topic, state, /^Make room/.test(remedy)], ['state directory', 'warning', true]);
      }
    }));

  test('of a user who runs no pkarrd of his own does not miss its state directory', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      assert.deepEqual(wrong(await findingsOf(scene, { stateDir: '/home/bob/.local/state/pkarrd' })), []);
    }));

  test('says to restart a program that does not answer, since a start would do nothing', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      const running = { kind: 'silent', reason: 'It did not answer within 5 s.' } as const;
      assert.match(only(await findingsOf(scene, { running })).remedy ?? '', /"systemctl restart pkarrd"/);
    }));

  test('names the commands of the manager of services that the machine has', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      await rm(join(scene.root, '/run/systemd'), { recursive: true });
      const running = { kind: 'silent', reason: 'It did not answer within 5 s.' } as const;
      const remedy = async () => only(await findingsOf(scene, { running })).remedy ?? '';
      assert.match(
        await remedy(),
        /standard error\. Then restart it: end it, and start "pkarrd serve" again\.$/,
      );
      await scene.write({ '/sbin/openrc-run': '' });
      assert.match(await remedy(), /Then restart it: "rc-service pkarrd restart"\.$/);
      await scene.write({ '/etc/openwrt_release': '' });
      assert.match(
        await remedy(),
        /"logread -e pkarrd"\. Then restart it: "\/etc\/init\.d\/pkarrd restart"\.$/,
      );
    }));

  test('does not say that programs find nothing when it cannot see what they find', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      const { machine } = scene;
      const absent = { code: undefined, out: '', err: '', problem: 'is not installed' } as const;
      const found = only(
        await findingsOf(scene, {
          machine: {
            ...machine,
            run: async (call) => (call.program === 'getent' ? absent : machine.run(call)),
          },
        }),
      );
      assert.deepEqual([found.topic, found.state], ['look-ups', 'warning']);
      assert.match(found.remedy ?? '', /^Install it/);
    }));

  test('names whoever has port 53 in the place of pkarrd', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      scene.answering = 'other';
      await scene.write({ '/proc/9/fd/4': '-> socket:[777]', '/proc/9/comm': 'dnsmasq\n' });
      const [first] = wrong(await findingsOf(scene));
      assert.equal(first, 'failure port 53: dnsmasq answers on 127.0.0.1, port 53, and it is not pkarrd.');
      scene.answering = 'nobody';
      assert.match(
        wrong(await findingsOf(scene)).join(),
        /dnsmasq has port 53 of 127\.0\.0\.1, and does not answer/,
      );
      scene.answering = 'nobody';
      await scene.write({ '/proc/net/udp': '', '/proc/net/tcp': '' });
      assert.match(wrong(await findingsOf(scene)).join(), /Nobody answers on 127\.0\.0\.1, port 53\./);
    }));

  test('says that large answers are lost where nobody listens over TCP', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      await scene.write({ '/proc/net/tcp': '' });
      assert.match(only(await findingsOf(scene)).text, /over TCP/);
    }));

  test('says that a DHCP client will write /etc/resolv.conf anew, and that it has', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      await scene.write({ '/run/dhclient.eth0.pid': '7\n' });
      const { state, text, remedy } = only(await findingsOf(scene));
      assert.deepEqual(
        [state, text, remedy],
        [
          'warning',
          '/etc/resolv.conf leads to pkarrd, until dhclient writes it anew with its next lease.',
          'Add this line to /etc/dhcp/dhclient.conf: supersede domain-name-servers 127.0.0.1; (pkarrd no longer learns of ' +
            'the network\'s resolvers then: set "upstream").',
        ],
      );
      await scene.write({ '/etc/resolv.conf': 'nameserver 10.77.0.1\n' });
      const written = (await findingsOf(scene)).find(({ topic }) => topic === 'resolv.conf');
      assert.match(written?.remedy ?? '', /^Add this line to .*; then run "pkarrd integrate"\.$/);
    }));

  test('says so when programs ask somebody else, and when a key is answered by others', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      await scene.write({ '/etc/resolv.conf': 'search fritz.box\nnameserver 10.77.0.1\n' });
      scene.names.set(PROBE_LABEL, []);
      const found = wrong(await findingsOf(scene));
      assert.ok(
        found.some((text) => /failure resolv\.conf: .*names 10\.77\.0\.1/.test(text)),
        found.join('\n'),
      );
      assert.ok(
        found.some((text) => /failure look-ups: Programs find nothing for a key/.test(text)),
        found.join('\n'),
      );
      assert.ok(
        found.some((text) => /warning search domain: .*KEY\.fritz\.box/.test(text)),
        found.join('\n'),
      );
      scene.names.set(PROBE_LABEL, ['198.51.100.9']);
      assert.match(
        wrong(await findingsOf(scene)).join('\n'),
        /Somebody else than pkarrd answers a key \(KEY\) with 198\.51\.100\.9/,
      );
    }));

  test('looks into systemd-resolved where programs ask it: links, LLMNR, DNSSEC, domains of links', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      await scene.write({
        '/etc/resolv.conf': 'nameserver 127.0.0.53\n',
        '/etc/nsswitch.conf': 'hosts: files resolve [!UNAVAIL=return] dns\n',
      });
      const said = new Map([
        [
          'systemctl show --property=Id,ActiveState systemd-resolved.service systemd-networkd.service',
          'Id=systemd-resolved.service\nActiveState=active\n',
        ],
        ['resolvectl --version', 'systemd 252 (252.39)\n'],
        ['resolvectl --no-pager dns', 'Global: 127.0.0.1\nLink 2 (lan0): 10.77.0.1\nLink 3 (tun0):\n'],
        ['resolvectl --no-pager domain', 'Global: ~.\nLink 2 (lan0): fritz.box\nLink 3 (tun0): ~.\n'],
        ['resolvectl --no-pager default-route', 'Link 2 (lan0): yes\nLink 3 (tun0): no\n'],
        ['resolvectl --no-pager llmnr', 'Global: yes\nLink 2 (lan0): yes\n'],
        ['resolvectl --no-pager dnssec', 'Global: no\nLink 2 (lan0): allow-downgrade\n'],
        [
          'systemd-analyze cat-config systemd/resolved.conf',
          '# x\n[Resolve]\nResolveUnicastSingleLabel=yes\n',
        ],
      ]);
      for (const [typed, out] of said) scene.programs.set(typed, out);
      const found = (await findingsOf(scene)).filter(
        ({ topic, state }) => topic === 'systemd-resolved' && state === 'failure',
      );
      assert.deepEqual(
        found.map(
          ({ text }) =>
            /lan0 \(10\.77\.0\.1\)|tun0 wants every name|LLMNR|DNSSEC \(Link 2 \(lan0\): allow-downgrade\)/.exec(
              text,
            )?.[0],
        ),
        ['lan0 (10.77.0.1)', 'tun0 wants every name', 'LLMNR', 'DNSSEC (Link 2 (lan0): allow-downgrade)'],
      );
    }));

  test('says that the clock cannot be right when it is before the program was made', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      assert.match(only(await findingsOf(scene, { now: 60_000 })).text, /^The clock says 1970-01-01T00:01/);
    }));

  test('says that containers go round pkarrd, until their configuration names a resolver', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      await scene.write({ '/etc/docker/daemon.json': '{}' });
      assert.match(only(await findingsOf(scene)).text, /containers ask public resolvers/);
      await scene.write({ '/etc/docker/daemon.json': '{"dns":["172.17.0.1"]}' });
      assert.deepEqual(wrong(await findingsOf(scene)), []);
      await scene.write({ '/usr/bin/podman': '' });
      assert.match(only(await findingsOf(scene)).topic, /Podman/);
      await scene.write({
        '/etc/containers/containers.conf.d/a.conf': '[containers]\ndns_servers = ["10.88.0.1"]\n',
      });
      assert.deepEqual(wrong(await findingsOf(scene)), []);
    }));

  test('says that the unit starts another program, or one that is gone', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      const unit = (argv: string, more = '') =>
        `LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNeedDaemonReload=no\nNRestarts=0\n${more}FragmentPath=/x\nExecStart={ path=/x ; argv[]=${argv} serve ; }\n`;
      const property =
        '--property=LoadState,ActiveState,UnitFileState,NeedDaemonReload,NRestarts,FragmentPath,ExecStart';
      const show = `systemctl show pkarrd.service ${property}`;
      scene.programs.set(show, unit(process.execPath));
      assert.deepEqual(wrong(await findingsOf(scene)), []);
      scene.programs.set(show, unit('/bin/sh'));
      assert.match(only(await findingsOf(scene)).text, /^Its unit starts \/bin\/sh/);
      scene.programs.set(show, unit('/nonexistent/pkarrd'));
      assert.match(only(await findingsOf(scene)).text, /does not exist/);
      scene.programs.set(show, 'LoadState=not-found\n');
      assert.match(only(await findingsOf(scene)).text, /not as a service/);
      scene.programs.set(show, unit(process.execPath).replace('NRestarts=0', 'NRestarts=4'));
      assert.match(only(await findingsOf(scene)).text, /4 times/);
    }));

  test('goes on when something cannot be examined', () =>
    withScene(async (scene) => {
      await wellScene(scene);
      const findings = await findingsOf(scene, { programFile: '/nonexistent' });
      assert.match(only(findings).text, /^This cannot be examined: .*ENOENT/);
    }));
});

describe('the running program', () => {
  const of = (parts: Partial<AppStatus>, version = '1.0.0') =>
    only(
      examineRunning(
        { kind: 'answers', status: { ...status, ...parts } },
        version,
        serviceCommands('/', 'systemd'),
      ),
    );
  const [upstream] = status.forwarder.upstreams;
  assert.ok(upstream !== undefined);
  const withUpstreams = (...states: ('alive' | 'dead')[]) => ({
    forwarder: { ...status.forwarder, upstreams: states.map((state) => ({ ...upstream, state })) },
  });

  test('that cannot be asked is a failure, and what its reason says to do is the remedy', () => {
    const reason = 'Not allowed to use /run/x. Run this command as root.';
    const { text, remedy } = only(
      examineRunning({ kind: 'silent', reason }, '1.0.0', serviceCommands('/', 'systemd')),
    );
    assert.deepEqual([text, remedy], ['Not allowed to use /run/x.', 'Run this command as root.']);
  });

  test('that does not answer is a failure with its reason', () => {
    assert.equal(
      only(
        examineRunning({ kind: 'silent', reason: 'Not allowed.' }, '1.0.0', serviceCommands('/', 'systemd')),
      ).text,
      'Not allowed.',
    );
  });

  test('of another version has to be restarted', () => {
    assert.match(of({}, '1.1.0').text, /1\.0\.0 runs, and this is pkarrd 1\.1\.0/);
  });

  test('whose configuration on disk is not the one that is used is a failure, with its place and reason', () => {
    const configuration = { state: 'accepted' as const, problems: [{ where: 'a.toml:3', message: 'no.' }] };
    const { state, text, remedy } = of({ configuration });
    assert.deepEqual(
      [state, text, remedy],
      [
        'failure',
        'It is invalid, and the last accepted one is used. a.toml:3: no.',
        'Correct it, and run "pkarrd reload".',
      ],
    );
    assert.equal(of({ configuration: { state: 'current', problems: [] } }, '1.1.0').topic, 'running');
  });

  test('without an upstream that answers finds no ordinary names; with another one it does', () => {
    assert.deepEqual(
      [of(withUpstreams()).state, of(withUpstreams('dead', 'dead')).state],
      ['failure', 'failure'],
    );
    assert.equal(of(withUpstreams('alive', 'dead')).state, 'warning');
  });

  test('whose DHT does not answer names the remedy', () => {
    const queries = { sent: 30, answered: 0, refused: 0, silent: 30 };
    assert.match(of({ dht: { nodes: 0, queries } as AppStatus['dht'] }).remedy ?? '', /relay-use = "always"/);
    assert.equal(of({ dht: undefined }).state, 'warning');
  });

  test('behind a portal, with a publication that fails, or with internal errors says so', () => {
    assert.match(of({ portalIsLikely: true }).text, /captive portal/);
    const publication = {
      kind: 'publish',
      name: 'home',
      state: 'failing',
      isAdopted: false,
      lastError: { agoMs: 1, text: 'no node answered' },
    } as const;
    assert.equal(
      of({ publications: [publication] }).text,
      'home is not published as it should be: no node answered.',
    );
    const http = {
      state: 'refused',
      address: '127.0.0.1:8053',
      code: 'EADDRINUSE',
      holders: [{ pid: 12, name: 'other' }],
    } as const;
    assert.match(of({ http }).text, /: 127\.0\.0\.1:8053 is needed, and other has it \(process 12\)\.$/);
    const error = { count: 3 } as AppStatus['internalErrors'][0];
    assert.match(of({ internalErrors: [error] }).text, /^3 internal errors/);
  });
});

test('a certificate that ends soon, is over, or whose files cannot be used is found', () => {
  const now = Date.parse('2030-01-01T00:00:00Z');
  const of = (certificate: NonNullable<AppStatus['certificate']>) =>
    examineCertificate({ kind: 'answers', status: { ...status, certificate } }, serviceCommands('/'), now);
  const good = { names: ['localhost'], notAfter: now + 1e10, warnings: [] };
  const renew = 'Renew it.';
  const soon = { text: 'The certificate ends on 2030-01-02, in 1 day.', remedy: renew };
  const over = { text: 'The certificate ended on 2029-12-31: clients refuse it.', remedy: renew };
  assert.deepEqual(of(good), [
    { topic: 'certificate', state: 'ok', text: 'It is for localhost, until 2030-04-26.' },
  ]);
  assert.deepEqual(
    of({ ...good, warnings: [soon], problem: 'The key is not that of the certificate.' }).map(
      ({ state }) => state,
    ),
    ['warning', 'warning'],
  );
  assert.equal(of({ ...good, notAfter: now - 1, warnings: [over] })[0]?.state, 'failure');
  assert.deepEqual(examineCertificate({ kind: 'answers', status }, serviceCommands('/'), now), []);
});
