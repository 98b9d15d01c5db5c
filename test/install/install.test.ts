import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { install } from '../../src/install/install.ts';
import { InstallError, type Machine } from '../../src/install/machine.ts';
import { launchd, openRc, procd } from '../../src/install/other-managers.ts';
import { uninstall } from '../../src/install/uninstall.ts';
import type { ProgramResult } from '../../src/system/commands/run-program.ts';

// What systemd makes of the units is tried in test/booted/service.

const program = ['/usr/bin/env', '/usr/bin/env'] as const;
const folder = mkdtempSync(join(tmpdir(), 'pkarrd-install-'));
after(() => rmSync(folder, { recursive: true }));
let count = 0;

/** A machine that is a directory, with files by which its service manager is known; programs are only noted. */
function machineWith(
  files: Readonly<Record<string, string>>,
  replies: (command: string) => Partial<ProgramResult> = () => ({}),
): Machine & { readonly ran: string[] } {
  const root = join(folder, String(count++));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  mkdirSync(join(root, 'etc'), { recursive: true });
  const ran: string[] = [];
  const open = new Set<string>();
  const enabled = new Set<string>();
  return {
    root,
    ran,
    platform: 'linux',
    answers: async () => true,
    run: async ({ program: name, args }) => {
      const command = [name, ...args].join(' ');
      const reply = replies(command);
      const [, asked] = /^systemctl is-active --quiet (pkarrd(?:-http)?\.socket)$/.exec(command) ?? [];
      if (asked !== undefined)
        return { code: open.has(asked) ? 0 : 3, out: '', err: '', problem: undefined, ...reply };
      const units = args.filter((word) => word.startsWith('pkarrd'));
      if (args[0] === 'enable') for (const unit of units) enabled.add(unit);
      if (/^(?:re)?start$/.test(args[0] ?? '')) {
        // The service wants its sockets.
        const also = units.includes('pkarrd.service') ? enabled : [];
        for (const unit of [...units, ...also]) open.add(unit);
      }
      if (args[0] === 'stop' || args[0] === 'disable') for (const unit of units) open.delete(unit);
      if (args[0] === 'disable') for (const unit of units) enabled.delete(unit);
      ran.push(command);
      const out = command === 'systemctl --version' ? 'systemd 257 (257.13)\n' : '';
      return { code: 0, out, err: '', problem: undefined, ...reply };
    },
  };
}

const PLIST = '/Library/LaunchDaemons/pkarrd.plist';
const withSystemd = { '/run/systemd/system/x': '' };

test('a second run changes nothing, and a unit that somebody edited is written again', async () => {
  const machine = machineWith(withSystemd);
  const first = await install(machine, { program, needsHelper: true, listen: undefined });
  assert.ok(first.steps.some(({ action }) => action === 'written'));
  assert.ok(machine.ran.includes('systemctl daemon-reload'));
  assert.equal(statSync(join(machine.root, '/etc/pkarrd/keys')).mode & 0o777, 0o700);

  machine.ran.length = 0;
  const second = await install(machine, { program, needsHelper: true, listen: undefined });
  assert.deepEqual(
    second.steps.filter(({ action }) => action !== 'unchanged'),
    [
      { action: 'ran', command: 'systemctl enable pkarrd.socket pkarrd.service' },
      { action: 'ran', command: 'systemctl start pkarrd.socket' },
      { action: 'ran', command: 'systemctl start pkarrd.service' },
    ],
  );

  const unit = join(machine.root, '/etc/systemd/system/pkarrd.service');
  const text = readFileSync(unit, 'utf8');
  writeFileSync(unit, `${text}# edited\n`);
  machine.ran.length = 0;
  await install(machine, { program, needsHelper: true, listen: undefined });
  assert.equal(readFileSync(unit, 'utf8'), text);
  assert.ok(machine.ran.includes('systemctl restart pkarrd.service'));
});

test('addresses stay until others are named, and the socket is opened anew when they change', async () => {
  const machine = machineWith(withSystemd);
  const file = join(machine.root, '/etc/systemd/system/pkarrd.socket.d/listen.conf');
  await install(machine, { program, needsHelper: true, listen: [{ host: '192.168.1.2', port: 53 }] });
  assert.match(readFileSync(file, 'utf8'), /^FreeBind=yes$/m);
  machine.ran.length = 0;
  await install(machine, { program, needsHelper: true, listen: undefined });
  assert.match(readFileSync(file, 'utf8'), /^ListenStream=192\.168\.1\.2:53$/m);
  assert.ok(!machine.ran.some((command) => command.startsWith('systemctl stop')));
  await install(machine, { program, needsHelper: true, listen: [{ host: '192.168.1.3', port: 53 }] });
  assert.ok(machine.ran.includes('systemctl restart pkarrd.socket'));
});

test('an upgrade of the socket unit closes no open socket, and tells what would open them anew', async () => {
  const machine = machineWith(withSystemd);
  const unit = join(machine.root, '/etc/systemd/system/pkarrd.socket');
  const again = async (text = readFileSync(unit, 'utf8')) => {
    writeFileSync(unit, text);
    machine.ran.length = 0;
    const { reopen } = await install(machine, { program, needsHelper: true, listen: undefined });
    assert.ok(!machine.ran.some((command) => /(?:stop|restart) pkarrd\.socket/.test(command)));
    return reopen;
  };
  const first = await install(machine, { program, needsHelper: true, listen: undefined });
  assert.equal(first.reopen, undefined);
  assert.equal(await again(), undefined);
  assert.equal(await again('[Socket]\nListenDatagram=127.0.0.1:53\n'), 'systemctl restart pkarrd.socket');
  assert.match(readFileSync(unit, 'utf8'), /ReceiveBuffer/);
});

test('a service that was started before the program was replaced is started again', async () => {
  for (const [started, verb] of [
    ['@1\n', 'restart'],
    ['@99999999999\n', 'start'],
    ['\n', 'start'],
  ] as const) {
    const machine = machineWith(withSystemd, (command) =>
      command.includes('ExecMainStartTimestamp') ? { out: started } : {},
    );
    await install(machine, { program, needsHelper: true, listen: undefined });
    machine.ran.length = 0;
    await install(machine, { program, needsHelper: true, listen: undefined });
    assert.ok(machine.ran.includes(`systemctl ${verb} pkarrd.service`), started);
  }
});

test('DNS over TLS and HTTPS have sockets of their own, which are opened where the settings say and closed when they say none', async () => {
  const machine = machineWith(withSystemd);
  const drop = join(machine.root, '/etc/systemd/system/pkarrd-tls.socket.d/listen.conf');
  await install(machine, { program, needsHelper: false, listen: undefined });
  assert.ok(existsSync(join(machine.root, '/etc/systemd/system/pkarrd-tls.socket')));
  assert.ok(!machine.ran.some((command) => command.includes('-tls.socket')));

  machine.ran.length = 0;
  const services = { tls: [{ host: '192.168.1.2', port: 853 }] };
  await install(machine, { program, needsHelper: false, listen: undefined, services });
  assert.match(readFileSync(drop, 'utf8'), /^ListenStream=\nListenStream=192\.168\.1\.2:853$/m);
  assert.ok(machine.ran.includes('systemctl enable pkarrd.socket pkarrd.service pkarrd-tls.socket'));
  // The service wants its sockets: its restart opens them, while queries wait in the one that stays open.
  assert.ok(machine.ran.includes('systemctl stop pkarrd-tls.socket'));
  assert.equal(startOf(machine), 'systemctl restart pkarrd.service');

  machine.ran.length = 0;
  for (const again of [{ services }, {}]) {
    await install(machine, { program, needsHelper: false, listen: undefined, ...again });
    assert.equal(startOf(machine), 'systemctl start pkarrd.service');
    assert.ok(existsSync(drop));
  }

  machine.ran.length = 0;
  await install(machine, { program, needsHelper: false, listen: undefined, services: { tls: [] } });
  assert.ok(machine.ran.includes('systemctl disable --now pkarrd-tls.socket'));
  assert.equal(startOf(machine), 'systemctl restart pkarrd.service');
  assert.equal(existsSync(dirname(drop)), false);
});

test('the socket for browsers is open unless it is turned off, at the addresses of its unit or at others', async () => {
  const machine = machineWith(withSystemd);
  const drop = join(machine.root, '/etc/systemd/system/pkarrd-http.socket.d/listen.conf');
  const run = async (http: readonly string[]) => {
    machine.ran.length = 0;
    const services = { http: http.map((host) => ({ host, port: 8053 })) };
    await install(machine, { program, needsHelper: false, listen: undefined, services });
    return startOf(machine);
  };
  assert.equal(await run(['127.0.0.1', '::1']), 'systemctl restart pkarrd.service');
  assert.ok(!existsSync(drop));
  assert.equal(await run(['127.0.0.1', '::1']), 'systemctl start pkarrd.service');
  assert.equal(await run(['127.0.0.2']), 'systemctl restart pkarrd.service');
  assert.match(readFileSync(drop, 'utf8'), /^ListenStream=\nListenStream=127\.0\.0\.2:8053$/m);
  assert.equal(await run(['127.0.0.1', '::1']), 'systemctl restart pkarrd.service');
  assert.ok(!existsSync(drop));
  assert.equal(await run([]), 'systemctl restart pkarrd.service');
  assert.ok(machine.ran.includes('systemctl disable --now pkarrd-http.socket'));
  assert.equal(await run([]), 'systemctl start pkarrd.service');
});

test('when somebody else has the port for browsers, that is told, and everything else is started', async () => {
  const machine = machineWith(withSystemd, (command) =>
    command === 'systemctl is-active --quiet pkarrd-http.socket' ? { code: 3 } : {},
  );
  const services = { http: [{ host: '127.0.0.1', port: 8053 }] };
  const done = await install(machine, { program, needsHelper: false, listen: undefined, services });
  assert.match(done.noBrowsers ?? '', /^pkarrd-http\.socket was not opened; /);
  assert.equal(startOf(machine), 'systemctl restart pkarrd.service');
});

test('a socket of its own that somebody has closed is opened again, and one that cannot be opened is told', async () => {
  let opens = false;
  const unit = 'pkarrd-https.socket';
  const machine = machineWith(withSystemd, (command) => {
    if (command === 'systemctl restart pkarrd.service') opens = true;
    return command === `systemctl is-active --quiet ${unit}` && !(opens && works) ? { code: 3 } : {};
  });
  let works = true;
  const services = { https: [{ host: '127.0.0.1', port: 443 }] };
  const again = async () => {
    opens = false;
    await install(machine, { program, needsHelper: true, listen: undefined, services });
  };
  for (let runs = 0; runs < 2; runs++) await again();
  assert.equal(startOf(machine), 'systemctl restart pkarrd.service');
  works = false;
  await assert.rejects(again(), /^InstallError: pkarrd-https\.socket was not opened\./);
});

/** The last command that started the service. */
function startOf({ ran }: { readonly ran: readonly string[] }): string | undefined {
  return ran.filter((command) => /^systemctl (?:re)?start pkarrd\.service$/.test(command)).at(-1);
}

test('every user may read the units, whatever the umask of who installs them', async () => {
  const machine = machineWith(withSystemd);
  const umask = process.umask(0o077);
  try {
    await install(machine, { program, needsHelper: true, listen: undefined });
  } finally {
    process.umask(umask);
  }
  const units = '/etc/systemd/system';
  for (const path of [units, `${units}/pkarrd.service.d`, `${units}/pkarrd.service.d/from-253.conf`])
    assert.equal(
      statSync(join(machine.root, path)).mode & 0o005,
      path.endsWith('.conf') ? 0o004 : 0o005,
      path,
    );
});

test('an address that cannot be listened on does not take the earlier ones away', async () => {
  const file = '/etc/systemd/system/pkarrd.socket.d/listen.conf';
  for (const before of [undefined, [{ host: '192.168.1.2', port: 53 }]]) {
    // It can be started unless the refused address is in its unit.
    const machine = machineWith(withSystemd, (command) => {
      const text = existsSync(join(machine.root, file)) ? readFileSync(join(machine.root, file), 'utf8') : '';
      return command === 'systemctl start pkarrd.socket' && text.includes('fe80::1')
        ? { code: 1, err: 'Job failed.\n' }
        : {};
    });
    await install(machine, { program, needsHelper: true, listen: before });
    const text = before && readFileSync(join(machine.root, file), 'utf8');
    machine.ran.length = 0;
    await assert.rejects(
      install(machine, { program, needsHelper: true, listen: [{ host: 'fe80::1', port: 53 }] }),
      /Job failed\.[\s\S]*those of before are in force again/,
    );
    assert.deepEqual(machine.ran.slice(-3), [
      'systemctl daemon-reload',
      'systemctl start pkarrd.socket',
      'systemctl start pkarrd.service',
    ]);
    assert.equal(existsSync(dirname(join(machine.root, file))), before !== undefined);
    if (text !== undefined) assert.equal(readFileSync(join(machine.root, file), 'utf8'), text);
  }
});

test('uninstall removes what install wrote, keeps what somebody else wrote, and says what is left', async () => {
  const machine = machineWith(withSystemd);
  await install(machine, { program, needsHelper: true, listen: [{ host: '192.168.1.2', port: 53 }] });
  const own = join(machine.root, '/etc/systemd/system/pkarrd.service.d/own.conf');
  const units = join(machine.root, '/etc/systemd/system');
  writeFileSync(own, '[Service]\nMemoryMax=1G\n');
  writeFileSync(join(units, 'pkarrd-publish.timer'), '# mine\n');
  machine.ran.length = 0;
  const { steps, left } = await uninstall(machine);
  assert.ok(machine.ran[0]?.startsWith('systemctl disable --now pkarrd.socket pkarrd.service'));
  for (const name of [
    'pkarrd.service',
    'pkarrd.socket',
    'pkarrd.socket.d',
    'pkarrd.service.d/from-253.conf',
  ]) {
    assert.equal(existsSync(join(units, name)), false, name);
  }
  assert.ok(existsSync(own));
  assert.ok(steps.some((step) => step.action === 'kept' && step.path.endsWith('.timer')));
  assert.deepEqual(left, ['/etc/pkarrd']);
  rmSync(join(units, 'pkarrd-publish.timer'));
  assert.deepEqual((await uninstall(machine)).steps, []);
});

test('where a package has installed another program, it is not overridden', async () => {
  const unit = '/usr/lib/systemd/system/pkarrd.service';
  const machine = machineWith({ ...withSystemd, [unit]: 'ExecStart=/usr/bin/pkarrd serve\n' });
  await assert.rejects(
    install(machine, { program, needsHelper: true, listen: undefined }),
    /A package has installed .*Remove the package first/,
  );
});

test('what a program of the system says when it fails is told, with what was done before', async () => {
  const machine = machineWith(withSystemd, (command) =>
    command === 'systemctl start pkarrd.socket'
      ? { code: 1, err: 'Job failed.\n' }
      : {
          out: command.startsWith('journalctl')
            ? 'Failed to listen on sockets: Address already in use\n'
            : 'systemd 257\n',
        },
  );
  await assert.rejects(
    install(machine, { program, needsHelper: true, listen: undefined }),
    (error: unknown) => {
      assert.ok(error instanceof InstallError);
      assert.match(
        error.message,
        /"systemctl start pkarrd\.socket" failed: Job failed\.\n.*\n.*already in use\nAnother program has port 53/,
      );
      return error.steps.some(({ action }) => action === 'written');
    },
  );
});

test('without a service manager it says what has to be started', async () => {
  await assert.rejects(install(machineWith({}), { program, needsHelper: true, listen: undefined }), {
    message:
      /No service manager was found: .* started with the machine: \/usr\/bin\/env \/usr\/bin\/env serve$/,
  });
});

test('where it is not systemd, its own file is written and removed again', async () => {
  const cases = [
    [{ '/sbin/openrc-run': '' }, 'linux', 'OpenRC', '/etc/init.d/pkarrd', 'rc-service pkarrd restart'],
    [{ '/etc/openwrt_release': '' }, 'linux', 'procd', '/etc/init.d/pkarrd', '/etc/init.d/pkarrd restart'],
    [{}, 'darwin', 'launchd', PLIST, `launchctl bootstrap system ${PLIST}`],
  ] as const;
  for (const [files, platform, name, path, last] of cases) {
    const machine = { ...machineWith(files), platform };
    const { manager, answers } = await install(machine, { program, needsHelper: true, listen: undefined });
    assert.deepEqual([manager, machine.ran.at(-1)], [name, last]);
    assert.equal(answers, name === 'procd' ? undefined : true);
    assert.ok(existsSync(join(machine.root, path)));
    const { steps } = await uninstall(machine);
    assert.deepEqual(
      steps.filter(({ action }) => action !== 'ran'),
      [{ action: 'removed', path }],
    );
  }
});

test('the scripts for OpenRC and procd run the program whatever its path, and so does the property list', () => {
  const strange = ['/usr/bin/env', '/opt/it\'s here/$(touch x) <main> & "co".js'] as const;
  const [rc, init, plist] = [openRc, procd, launchd].map(({ files }) => {
    const file = join(folder, String(count++));
    writeFileSync(file, files(strange)[0]?.content ?? '');
    return file;
  }) as [string, string, string];
  // As supervise-daemon.sh does it.
  const script = '. "$1"; eval "set -- \\"\\$command\\" $command_args"; printf "%s\\n" "$@"';
  assert.deepEqual(linesOf('sh', '-euc', script, 'sh', rc), [...strange, 'serve']);
  const stubs =
    'for f in mkdir chown chmod procd_open_instance procd_close_instance; do eval "$f() { :; }"; done';
  const shown = 'procd_set_param() { [ "$1" != command ] || { shift; printf "%s\\n" "$@"; }; }';
  assert.deepEqual(linesOf('sh', '-euc', `${stubs}; ${shown}; . "$1"; start_service`, 'sh', init), [
    ...[...strange, 'serve', '--listen', '127.0.0.1:5300', '--listen', '[::1]:5300'],
  ]);
  const python =
    'import plistlib,sys; print(*plistlib.load(open(sys.argv[1],"rb"))["ProgramArguments"], sep="\\n")';
  assert.deepEqual(linesOf('python3', '-c', python, plist), [...strange, 'serve']);
});

function linesOf(file: string, ...words: readonly string[]): readonly string[] {
  const { status, stdout, stderr } = spawnSync(file, words, { encoding: 'utf8', cwd: folder });
  assert.equal(status, 0, stderr);
  return stdout.trimEnd().split('\n');
}
