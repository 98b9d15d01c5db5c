import assert from 'node:assert/strict';
import { test } from 'node:test';
import { undo } from '../../src/integrate/apply.ts';
import { integrate } from '../../src/integrate/integrate.ts';
import { planContainers } from '../../src/integrate/plan/containers.ts';
import { untouched, withScene } from './scene.ts';
import { debian } from './systems.ts';

const docker = { configuration: undefined, bridge: '172.17.0.1', answering: 'pkarrd' } as const;

test('dns is merged into daemon.json: other keys stay, with their indentation, and other resolvers go', () => {
  const cases: readonly (readonly [string | undefined, string])[] = [
    [undefined, '{\n  "dns": [\n    "172.17.0.1"\n  ]\n}\n'],
    [
      '{\n\t"bip": "172.17.0.1/16",\n\t"dns": ["8.8.8.8"]\n}',
      '{\n\t"bip": "172.17.0.1/16",\n\t"dns": [\n\t\t"172.17.0.1"\n\t]\n}\n',
    ],
  ];
  for (const [configuration, text] of cases) {
    assert.equal(planContainers({ ...docker, configuration }, true).steps[0]?.text, text);
  }
  // As it is to be already: nothing is set, and nothing offered.
  const set = { ...docker, configuration: '{"dns":["172.17.0.1"]  }' };
  for (const isWanted of [true, false])
    assert.deepEqual(planContainers(set, isWanted), { steps: [], warnings: [] });
});

test('nothing is set for containers when pkarrd does not answer on the bridge, or the file is not an object', () => {
  for (const [facts, reason] of [
    [{ ...docker, answering: 'nobody' }, /does not answer on 172\.17\.0\.1, port 53/],
    [{ ...docker, bridge: undefined }, /no bridge/],
    [{ ...docker, configuration: '{' }, /not a JSON object/],
    [{ ...docker, configuration: '[]' }, /not a JSON object/],
  ] as const) {
    const { steps, warnings } = planContainers(facts, true);
    assert.deepEqual(steps, []);
    assert.match(warnings.join(), reason);
  }
});

test('containers are offered, set when that is wanted, and undone', async () => {
  await withScene(async (scene) => {
    await debian(scene);
    await scene.write({ '/etc/docker/daemon.json': '{ "bip": "172.17.0.1/16" }' });
    scene.programs.set('ip', '4: docker0    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0\n');
    const before = await scene.tree();
    const options = {
      mayChange: true,
      losesRoutes: false,
      routedDomains: async () => [],
      command: undefined,
      confirm: async () => true,
      guard: untouched,
    };
    const first = await integrate(scene.machine, { ...options, containers: false });
    assert.match(
      first.kind === 'done' ? first.plan.warnings.join() : '',
      /"pkarrd integrate --containers" lets them/,
    );
    assert.equal((await scene.tree())['/etc/docker/daemon.json'], before['/etc/docker/daemon.json']);
    assert.equal((await integrate(scene.machine, { ...options, containers: true })).kind, 'done');
    assert.deepEqual(JSON.parse((await scene.tree())['/etc/docker/daemon.json'] ?? ''), {
      bip: '172.17.0.1/16',
      dns: ['172.17.0.1'],
    });
    await undo(scene.machine);
    assert.deepEqual(await scene.tree(), before);
  });
});
