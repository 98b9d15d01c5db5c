import assert from 'node:assert/strict';
import { chmod, lstat, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { undo } from '../../src/integrate/apply.ts';
import {
  CHANGES_DIRECTORY,
  ChangesError,
  readChanges,
  writeChanges,
} from '../../src/integrate/changes/journal.ts';
import { integrate, undoIntegration } from '../../src/integrate/integrate.ts';
import { findIntegration, findLeftovers } from '../../src/integrate/overwritten.ts';
import { PROBE_LABEL } from '../../src/resolve/special/probe.ts';
import { type IntegrateScene, withScene, yes } from './scene.ts';
import { debian, networkManager, resolved } from './systems.ts';

/** A desktop whose systemd-resolved does as its file says. */
async function desktop(scene: IntegrateScene): Promise<void> {
  await debian(scene);
  await resolved(scene, 'Link 2 (lan0): 10.77.0.1');
  networkManager(scene, 'lan0');
  scene.programs.set('resolvectl', () => {
    scene.programs.set('resolvectl --no-pager dns', 'Global: 127.0.0.1\nLink 1 (lo):\nLink 2 (lan0):\n');
    return '';
  });
}

const ours = 'nameserver 127.0.0.1\n';

test('what is set is checked, a second run changes nothing, and an undo leaves everything as it was', async () => {
  await withScene(async (scene) => {
    await desktop(scene);
    const before = await scene.tree();
    const done = await integrate(scene.machine, yes);
    assert.equal(done.kind, 'done');
    assert.deepEqual(
      Object.keys(await scene.tree()).filter((path) => !(path in before)),
      [
        '/etc/NetworkManager/',
        '/etc/NetworkManager/conf.d/',
        '/etc/NetworkManager/conf.d/90-pkarrd.conf',
        '/etc/systemd/',
        '/etc/systemd/resolved.conf.d/',
        '/etc/systemd/resolved.conf.d/pkarrd.conf',
      ],
    );
    assert.deepEqual(scene.calls.splice(0), [
      'nmcli general reload',
      'resolvectl revert lan0',
      'systemctl restart systemd-resolved',
    ]);
    const after = await scene.tree('/');
    let hasAsked = false;
    const again = await integrate(scene.machine, { ...yes, confirm: async () => (hasAsked = true) });
    assert.deepEqual([again.kind, hasAsked, scene.calls], ['unchanged', false, []]);
    assert.deepEqual(await scene.tree('/'), after);

    const undone = await undo(scene.machine);
    assert.deepEqual([undone?.kept, undone?.problems], [[], []]);
    assert.deepEqual(await scene.tree(), before);
    assert.deepEqual(await scene.tree(CHANGES_DIRECTORY), {});
    assert.deepEqual(scene.calls, ['systemctl restart systemd-resolved', 'nmcli general reload']);
    assert.equal(await undo(scene.machine), undefined);
  });
});

test('a link comes back as a link, and a file with its mode and its time', async () => {
  await withScene(async (scene) => {
    await debian(scene);
    await resolved(scene, 'Link 2 (lan0): 10.77.0.1');
    scene.programs.set('systemctl', () => {
      scene.programs.set('resolvectl --no-pager dns', 'Global: 127.0.0.1\nLink 2 (lan0): 10.77.0.1\n');
      return '';
    });
    const nsswitch = join(scene.root, 'etc/nsswitch.conf');
    await chmod(nsswitch, 0o640);
    await utimes(nsswitch, 1_000_000, 1_000_000);
    const before = await scene.tree();
    assert.equal((await integrate(scene.machine, yes)).kind, 'done');
    const written = await scene.tree();
    assert.match(written['/etc/resolv.conf'] ?? '', /^#.*\nnameserver 127\.0\.0\.1\n$/);
    assert.match(written['/etc/nsswitch.conf'] ?? '', /^hosts: +files dns$/m);
    await undo(scene.machine);
    assert.deepEqual(await scene.tree(), before);
    const { mode, mtimeMs } = await lstat(nsswitch);
    assert.deepEqual([mode & 0o777, mtimeMs], [0o640, 1_000_000_000]);
  });
});

test('the resolvers that /etc/resolv.conf named are kept for pkarrd, until an undo', async () => {
  await withScene(async (scene) => {
    const path = '/var/lib/pkarrd-integrate/resolvers';
    const kept = async () => (await scene.tree('/var/lib'))[path];
    const ofNetwork = '# ours\nnameserver 192.0.2.53\nnameserver 127.0.0.1\n';
    await scene.write({ '/etc/resolv.conf': ofNetwork, '/etc/nsswitch.conf': 'hosts: files dns\n' });
    assert.equal((await integrate(scene.machine, yes)).kind, 'done');
    const text = '# What /etc/resolv.conf named before us.\nnameserver 192.0.2.53\n';
    assert.equal(await kept(), text);
    // Another run has nothing to learn from what we wrote.
    await scene.write({ '/etc/resolv.conf': 'nameserver 127.0.0.1\n' });
    assert.equal((await integrate(scene.machine, yes)).kind, 'done');
    assert.equal(await kept(), text);
    await scene.write({ '/etc/resolv.conf': 'nameserver 192.0.2.54\n' });
    assert.equal((await undo(scene.machine))?.kept.length, 1);
    assert.equal(await kept(), undefined);
  });
});

test('what is written can be read by everybody, whatever the umask is', async () => {
  const mask = process.umask(0o077);
  try {
    await withScene(async (scene) => {
      await desktop(scene);
      await integrate(scene.machine, yes);
      for (const [path, mode] of [
        ['etc/NetworkManager/conf.d', 0o755],
        ['etc/NetworkManager/conf.d/90-pkarrd.conf', 0o644],
        ['var/lib/pkarrd-integrate', 0o755],
        ['var/lib/pkarrd-integrate/changes.json', 0o644],
        ['var/lib/pkarrd-integrate/copies', 0o700],
      ] as const) {
        assert.equal((await lstat(join(scene.root, path))).mode & 0o777, mode, path);
      }
    });
  } finally {
    process.umask(mask);
  }
});

describe('a failure takes everything back', () => {
  const failures: Readonly<Record<string, (scene: IntegrateScene) => void>> = {
    'a program that fails': (scene) => {
      scene.programs.set('systemctl restart systemd-resolved', () => Promise.reject(new Error('Job failed')));
    },
    'a key that somebody else answers': ({ names }) => names.set(PROBE_LABEL, ['203.0.113.66']),
    'an ordinary name that is no longer found': (scene) => {
      scene.programs.set('systemctl restart systemd-resolved', () => {
        scene.names.delete('example.com');
        return '';
      });
    },
    'a link that keeps its resolver': (scene) => {
      scene.programs.set('resolvectl', '');
    },
    'systemd-resolved that asks the link': (scene) => {
      scene.programs.set('resolvectl --no-pager llmnr', 'Global: yes\n');
    },
    'a manager that writes the file again': (scene) => {
      scene.programs.set('systemctl restart systemd-resolved', async () => {
        await scene.write({ '/etc/NetworkManager/conf.d/90-pkarrd.conf': '[main]\n' });
        return '';
      });
    },
  };
  for (const [name, fail] of Object.entries(failures)) {
    test(name, async () => {
      await withScene(async (scene) => {
        await desktop(scene);
        fail(scene);
        const before = await scene.tree();
        const outcome = await integrate(scene.machine, yes);
        assert.equal(outcome.kind, 'rolled-back');
        const { '/etc/NetworkManager/conf.d/90-pkarrd.conf': kept, ...after } = await scene.tree();
        if (kept === undefined) assert.deepEqual(after, before);
        else
          assert.deepEqual(outcome.kind === 'rolled-back' && outcome.undone?.kept.map(({ path }) => path), [
            '/etc/NetworkManager/conf.d/90-pkarrd.conf',
          ]);
        assert.deepEqual(scene.calls.slice(-2), [
          'systemctl restart systemd-resolved',
          'nmcli general reload',
        ]);
      });
    });
  }
});

test('without a network before, an ordinary name need not be found afterwards', async () => {
  await withScene(async (scene) => {
    await desktop(scene);
    scene.names.delete('example.com');
    assert.equal((await integrate(scene.machine, yes)).kind, 'done');
  });
});

test('nothing is changed when pkarrd does not answer, and the reason names who does', async () => {
  for (const [answering, reason] of [
    ['nobody', /^Nobody answers on 127\.0\.0\.1, port 53\./],
    ['other', /^Another program than pkarrd answers/],
  ] as const) {
    await withScene(async (scene) => {
      await desktop(scene);
      scene.answering = answering;
      const before = await scene.tree('/');
      const outcome = await integrate(scene.machine, yes);
      assert.match(outcome.kind === 'refused' ? outcome.reason : '', reason);
      assert.deepEqual(await scene.tree('/'), before);
    });
  }
});

test('domains of a VPN are not lost unless that is wanted', async () => {
  await withScene(async (scene) => {
    await debian(scene);
    await resolved(
      scene,
      'Link 2 (lan0): 10.77.0.1\nLink 3 (vpn0): 10.88.0.1',
      'Link 3 (vpn0): ~corp.example',
    );
    scene.programs.set('systemctl', () => {
      scene.programs.set('resolvectl --no-pager dns', 'Global: 127.0.0.1\nLink 2 (lan0): 10.77.0.1\n');
      return '';
    });
    const before = await scene.tree('/');
    const refused = await integrate(scene.machine, yes);
    assert.match(
      refused.kind === 'refused' ? refused.reason : '',
      /^Names in corp\.example of vpn0 \(10\.88\.0\.1\) .*upstream = \["\/corp\.example\/10\.88\.0\.1"\].*--lose-split-dns/,
    );
    assert.deepEqual(await scene.tree('/'), before);
    assert.equal((await integrate(scene.machine, { ...yes, losesRoutes: true })).kind, 'done');
    // The VPN is gone now. It may come back, so nothing else is set.
    assert.equal((await integrate(scene.machine, yes)).kind, 'unchanged');
  });
});

test('domains of a VPN are kept where a helper can tell the service of them, and that is checked', async () => {
  await withScene(async (scene) => {
    await debian(scene);
    await resolved(
      scene,
      'Link 2 (lan0): 10.77.0.1\nLink 3 (vpn0): 10.88.0.1',
      'Link 3 (vpn0): ~corp.example',
    );
    scene.programs.set('systemctl', () => {
      scene.programs.set('resolvectl --no-pager dns', 'Global: 127.0.0.1\nLink 2 (lan0): 10.77.0.1\n');
      return '';
    });
    scene.programs.set('rm', '');
    const before = await scene.tree();
    const told: string[] = [];
    const options = { ...yes, command: '/usr/bin/pkarrd', routedDomains: async () => told };
    const failed = await integrate(scene.machine, options);
    assert.match(
      failed.kind === 'rolled-back' ? failed.reasons.join() : '',
      /^names in corp\.example are asked of vpn0: pkarrd does not know .*--lose-split-dns/,
    );
    assert.deepEqual(await scene.tree(), before);
    scene.programs.set('systemctl restart pkarrd-links.service pkarrd-links.path', () => {
      told.push('corp.example');
      return '';
    });
    scene.programs.set(
      'resolvectl --no-pager dns',
      'Global:\nLink 2 (lan0): 10.77.0.1\nLink 3 (vpn0): 10.88.0.1\n',
    );
    assert.equal((await integrate(scene.machine, options)).kind, 'done');
    const unit = (await scene.tree())['/etc/systemd/system/pkarrd-links.service'] ?? '';
    assert.match(unit, /^ExecStart=\/usr\/bin\/pkarrd integrate --write-links$/m);
    assert.deepEqual((await undo(scene.machine))?.problems, []);
    assert.deepEqual(await scene.tree(), before);
    assert.deepEqual(scene.calls.slice(-3), [
      'systemctl stop pkarrd-links.path',
      'systemctl daemon-reload',
      'rm -r -f /run/pkarrd-links',
    ]);
  });
});

test('nothing is changed when it is not wanted', async () => {
  await withScene(async (scene) => {
    await desktop(scene);
    const before = await scene.tree('/');
    assert.equal((await integrate(scene.machine, { ...yes, confirm: async () => false })).kind, 'declined');
    assert.deepEqual([await scene.tree('/'), scene.calls], [before, []]);
  });
});

test('a second run at the same time changes nothing, nor does an undo, and both name the first', async () => {
  await withScene(async (scene) => {
    await desktop(scene);
    const before = await scene.tree();
    const isOther = (error: unknown) =>
      error instanceof ChangesError && error.message.includes(`(process ${process.pid})`);
    const first = await integrate(scene.machine, {
      ...yes,
      async confirm() {
        await assert.rejects(integrate(scene.machine, yes), isOther);
        await assert.rejects(undoIntegration(scene.machine), isOther);
        // To look is no change.
        assert.equal(
          (await integrate(scene.machine, { ...yes, mayChange: false, confirm: async () => false })).kind,
          'declined',
        );
        return false;
      },
    });
    assert.deepEqual([first.kind, await scene.tree(), scene.calls], ['declined', before, []]);
    assert.equal(await undoIntegration(scene.machine), undefined);
  });
});

test('a file that somebody else has changed since is left alone, named with its copy, and the rest is undone', async () => {
  await withScene(async (scene) => {
    await debian(scene);
    await scene.write({ '/etc/resolv.conf': 'nameserver 10.77.0.1\n' });
    await integrate(scene.machine, yes);
    assert.deepEqual(await findIntegration(scene.machine), { problems: [] });
    await scene.write({ '/etc/resolv.conf': 'nameserver 192.0.2.53\n' });
    const { problems = [] } = (await findIntegration(scene.machine)) ?? {};
    assert.match(problems.join(), /^\/etc\/resolv\.conf names 192\.0\.2\.53, .*run "pkarrd integrate" again/);
    const undone = await undo(scene.machine);
    const [kept] = undone?.kept ?? [];
    assert.equal(kept?.path, '/etc/resolv.conf');
    const files = await scene.tree('/');
    assert.equal(files['/etc/resolv.conf'], 'nameserver 192.0.2.53\n');
    assert.equal(files[kept?.copy ?? ''], 'nameserver 10.77.0.1\n');
    assert.equal(await findIntegration(scene.machine), undefined);
    // The copy stays when another integration begins.
    await integrate(scene.machine, yes);
    assert.equal((await scene.tree('/'))[kept?.copy ?? ''], 'nameserver 10.77.0.1\n');
  });
});

test('a file that was overwritten is written again, and an undo then restores what it was overwritten with', async () => {
  await withScene(async (scene) => {
    await debian(scene);
    await integrate(scene.machine, yes);
    await scene.write({ '/etc/resolv.conf': 'nameserver 192.0.2.53\n' });
    assert.equal((await integrate(scene.machine, yes)).kind, 'done');
    assert.ok((await scene.tree())['/etc/resolv.conf']?.endsWith(ours));
    await undo(scene.machine);
    assert.equal((await scene.tree())['/etc/resolv.conf'], 'nameserver 192.0.2.53\n');
  });
});

test('a run that was interrupted is taken back by the next one, or by an undo', async () => {
  for (const next of ['undo', 'integrate'] as const) {
    await withScene(async (scene) => {
      await desktop(scene);
      const before = await scene.tree();
      // It ends while NetworkManager reads its files.
      scene.programs.set('nmcli general reload', () => Promise.reject(new Error('gone')));
      const crash = new Error('crash');
      const { machine } = scene;
      const crashing = {
        ...machine,
        run: (call: Parameters<typeof machine.run>[0]) =>
          call.program === 'nmcli' && call.args[1] === 'reload' ? Promise.reject(crash) : machine.run(call),
      };
      await assert.rejects(integrate(crashing, yes), crash);
      assert.match((await findIntegration(machine))?.problems.join() ?? '', /did not end/);
      scene.programs.delete('nmcli general reload');
      if (next === 'integrate') assert.equal((await integrate(machine, yes)).kind, 'done');
      await undo(machine);
      assert.deepEqual(await scene.tree(), before);
    });
  }
});

test('asked to stop at any moment of its changes and checks, it takes everything back and says why', async () => {
  const moments = ['nmcli general reload', 'systemctl restart systemd-resolved', 'getent', 'resolvectl'];
  for (const moment of moments) {
    await withScene(async (scene) => {
      await desktop(scene);
      const before = await scene.tree();
      const { machine } = scene;
      const stop = new AbortController();
      let isGuarded = false;
      const stopping: typeof machine = {
        ...machine,
        async run(call) {
          const typed = [call.program, ...call.args].join(' ');
          if (isGuarded && typed.startsWith(moment)) stop.abort();
          return await machine.run(call);
        },
      };
      const outcome = await integrate(stopping, {
        ...yes,
        confirm: async () => (isGuarded = true),
        guard: (work) => work(stop.signal),
      });
      assert.equal(outcome.kind, 'rolled-back', moment);
      assert.deepEqual(outcome.kind === 'rolled-back' && outcome.reasons, ['It was asked to stop.']);
      assert.deepEqual(await scene.tree(), before);
      assert.deepEqual(await scene.tree(CHANGES_DIRECTORY), {});
    });
  }
});

test('asked to stop while an earlier run is taken back, it changes nothing more', async () => {
  await withScene(async (scene) => {
    await desktop(scene);
    const before = await scene.tree();
    await integrate(scene.machine, yes);
    const changes = await readChanges(scene.machine);
    assert.ok(changes);
    await writeChanges(scene.machine, { ...changes, state: 'changing' });
    const outcome = await integrate(scene.machine, { ...yes, guard: (work) => work(AbortSignal.abort()) });
    assert.equal(outcome.kind, 'stopped');
    assert.deepEqual(await scene.tree(), before);
  });
});

/** The machine of a scene without one of its programs. */
function without(program: string, { machine }: IntegrateScene): IntegrateScene['machine'] {
  const absent = { code: undefined, out: '', err: '', problem: 'is not installed' } as const;
  return { ...machine, run: async (call) => (call.program === program ? absent : await machine.run(call)) };
}

test('a program that is missing is named, and nothing is left behind', async () => {
  await withScene(async (scene) => {
    await desktop(scene);
    const unchecked = await integrate(without('getent', scene), yes);
    assert.match(unchecked.kind === 'refused' ? unchecked.reason : '', /getent is not installed.*Install it/);
    const uncopied = await integrate(without('cp', scene), { ...yes, confirm: async () => true });
    // Files that are new need no copy; the link to systemd-resolved's stub is not replaced here.
    assert.equal(uncopied.kind, 'done');
    await undo(scene.machine);
    await scene.write({ '/etc/resolv.conf': 'nameserver 192.0.2.53\n' });
    const failed = await integrate(without('cp', scene), yes);
    assert.match(failed.kind === 'rolled-back' ? failed.reasons.join() : '', /cp is not installed/);
    assert.deepEqual(Object.keys(await scene.tree('/var/lib')), ['/var/lib/']);
  });
});

test('a dry run says that a run would be refused', async () => {
  await withScene(async (scene) => {
    await desktop(scene);
    scene.answering = 'nobody';
    const outcome = await integrate(scene.machine, { ...yes, mayChange: false, confirm: async () => false });
    assert.equal(outcome.kind, 'declined');
    assert.match(
      (outcome.kind === 'declined' && outcome.plan.warnings.join()) || '',
      /Nobody answers on 127/,
    );
  });
});

test('an undo says what to do when the copy or the list is gone', async () => {
  await withScene(async (scene) => {
    await scene.write({
      '/etc/resolv.conf': 'nameserver 192.0.2.53\n',
      '/etc/nsswitch.conf': 'hosts: files dns\n',
    });
    assert.deepEqual(await findLeftovers(scene.machine), []);
    assert.equal((await integrate(scene.machine, yes)).kind, 'done');
    await rm(join(scene.root, CHANGES_DIRECTORY, 'copies'), { recursive: true });
    assert.match(
      (await undo(scene.machine))?.problems.join() ?? '',
      /resolv\.conf cannot be restored: .* Put there what you had before, and then remove \/var\/lib\/pkarrd-integrate$/,
    );
    await rm(join(scene.root, CHANGES_DIRECTORY), { recursive: true });
    assert.equal(await undo(scene.machine), undefined);
    assert.deepEqual(await findLeftovers(scene.machine), ['/etc/resolv.conf']);
  });
});

test('a list of changes that is not ours is told, and nothing is done', async () => {
  await withScene(async (scene) => {
    await desktop(scene);
    await integrate(scene.machine, yes);
    const changes = await readChanges(scene.machine);
    assert.ok(changes);
    const path = `${CHANGES_DIRECTORY}/changes.json`;
    const bad = [
      '{',
      '[]',
      '{"version":2}',
      JSON.stringify({ ...changes, paths: [{ ...changes.paths[0], copy: '../../../etc/shadow' }] }),
      JSON.stringify({ ...changes, undo: [{ program: 'sh', args: '-c' }] }),
    ];
    for (const text of bad) {
      await scene.write({ [path]: text });
      const before = await scene.tree('/');
      await assert.rejects(
        undo(scene.machine),
        /is not a list of changes .* copies in .*: put them back, and then remove /,
      );
      await assert.rejects(integrate(scene.machine, yes), { name: 'ChangesError' });
      assert.match((await findIntegration(scene.machine))?.problems.join() ?? '', /is not a list/);
      assert.deepEqual(await scene.tree('/'), before);
    }
    await writeChanges(scene.machine, changes);
    assert.deepEqual((await undo(scene.machine))?.problems, []);
  });
});
