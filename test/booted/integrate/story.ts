import assert from 'node:assert/strict';
import type { Machine } from '../support/machine.ts';
import type { Recipe } from '../support/recipes.ts';
import {
  ANSWERS,
  addresses,
  KEY_ADDRESS,
  type Lab,
  type LabScripts,
  openLab,
  PROVIDER_ADDRESS,
  SECOND_ADDRESS,
  until,
} from './lab.ts';

/** A kind of system, and what is particular to it. Scripts are those of sh. */
export interface RowStory extends LabScripts {
  readonly recipe: Recipe;
  /** What `integrate` says that it found. */
  readonly found: RegExp;
  /** Brings the link down and up again. */
  readonly reconnect: string;
  /** What is restarted, and must change nothing. */
  readonly managers: readonly string[];
  /** Makes the network give 10.77.0.3 as resolver instead of 10.77.0.1, and ends when the manager has been told. */
  readonly replace: string;
  /** Gives the programs of the machine the search domain "$1" too, and takes it away; only where the manager leaves them any. */
  readonly search?: { readonly add: string; readonly remove: string };
  /** Files in /etc that the managers write themselves, with the same content but another time. */
  readonly rewritten?: readonly string[];
}

/** How often each name of the key is looked up, with cold caches. */
const ROUNDS = 12;

/** Tells a row from its beginning to its end: before, set, looked up, disturbed, set again, undone. */
export async function tellRow(row: RowStory): Promise<void> {
  await using lab = await openLab(row.recipe, row);
  const { machine, key } = lab;

  // The lab catches who leaks: as it comes, the system asks the provider and the link for a key, and believes them.
  assert.notEqual(await addresses(machine, key), KEY_ADDRESS);
  assert.notEqual(await addresses(machine, `www.${key}`), KEY_ADDRESS);
  assert.match(await heard(lab), new RegExp(key, 'i'));

  assert.match((await machine.run(['pkarrd', 'doctor'])).out, /^FAILURE .*pkarrd integrate/ms);

  const before = await picture(machine);
  const said = await machine.sh('pkarrd integrate --yes');
  assert.match(said, row.found);
  assert.match(said, /^Done\./m);
  await forgetHeard(machine);

  await findsKeys(lab, ROUNDS);
  await findsOrdinary(machine, PROVIDER_ADDRESS);
  await machine.sh(row.reconnect);
  await until(machine, 'ip -4 -brief address show dev lan0 | grep -q 10.77.0.20');
  await findsKeys(lab, 2);
  await findsOrdinary(machine, PROVIDER_ADDRESS);
  for (const manager of row.managers) {
    await machine.sh(`systemctl restart ${manager}; ${manager === 'pkarrd' ? ANSWERS : ''}`);
    await until(machine, 'ip -4 -brief address show dev lan0 | grep -q 10.77.0.20');
    await findsKeys(lab, 2, `after a restart of ${manager}`);
    await findsOrdinary(machine, PROVIDER_ADDRESS);
  }
  if (row.search !== undefined) {
    // Each of them is put behind the key at once, long before pkarrd looks at the network again.
    const script = `for domain in one two three four five; do ( set -- "$domain.example"; ${row.search.add} ); getent ahosts "$1"; done`;
    const found = await machine.sh(`set -- ${key}\n${script}`);
    assert.deepEqual(new Set(found.match(/^\S+/gm)), new Set([KEY_ADDRESS]));
    assert.match(await machine.read('/etc/resolv.conf'), /five\.example/);
    await machine.sh(row.search.remove);
  }
  assert.doesNotMatch(await heard(lab), new RegExp(key, 'i'));

  const { code, out } = await machine.run(['pkarrd', 'doctor']);
  assert.equal(code, 0, out);

  const set = await picture(machine);
  const again = await machine.sh('pkarrd integrate --yes');
  assert.match(again, /Nothing was changed\.\n$/);
  assertSame(await picture(machine), set);

  await machine.sh('pkarrd integrate --undo');
  assertSame(await picture(machine), before, row.rewritten);
  // The system asks as it did before.
  await until(machine, `getent ahosts undone.example.net | grep -q ^${PROVIDER_ADDRESS}`);
  assert.notEqual(await addresses(machine, `www.${key}`), KEY_ADDRESS);

  // Once more, and nothing of before is in the way.
  await machine.sh('pkarrd integrate --yes');
  await forgetHeard(machine);
  await machine.sh(row.replace);
  const replacedAt = performance.now();
  for (let count = 0; (await addresses(machine, `n${count}.example.net`)) !== SECOND_ADDRESS; count++) {
    assert.ok(performance.now() - replacedAt < 10_000, 'the new upstream is not used');
  }
  const took = performance.now() - replacedAt;
  assert.ok(took < 1_000, `the new upstream was used after ${took.toFixed()} ms`);
  await findsKeys(lab, 2);
  assert.doesNotMatch(await heard(lab), new RegExp(key, 'i'));
}

/** Each look-up of the key and of a name below it is right, although nobody has anything of it in a cache. */
export async function findsKeys({ machine, key }: Lab, rounds: number, when = ''): Promise<void> {
  const forget =
    'pkarrd flush > /dev/null; if systemctl -q is-active systemd-resolved; then resolvectl flush-caches; fi';
  const { out } = await machine.run(
    [
      'sh',
      '-c',
      `for round in $(seq ${rounds}); do for name in "$1" "www.$1"; do
         ${forget}; getent ahosts "$name" | cut -d ' ' -f 1 | sort -u | tr '\\n' ' '; echo "$?"; done; done`,
      'sh',
      key,
    ],
    { timeoutMs: 120_000 },
  );
  assert.deepEqual(out.trimEnd().split('\n'), new Array(2 * rounds).fill(`${KEY_ADDRESS} 0`), when);
}

export async function findsOrdinary(machine: Machine, expected: string): Promise<void> {
  const name = `fresh-${Math.random().toString(36).slice(2)}.example.org`;
  await until(machine, `getent ahosts ${name} | grep -q '^${expected} '`);
}

/** What the provider's resolvers and the one who lies on the link were asked. */
export async function heard({ machine }: Lab): Promise<string> {
  const files = '/var/log/provider.log /var/log/second.log /var/log/liar.log';
  return (await machine.run(['sh', '-c', `cat ${files} 2> /dev/null`])).out;
}

export async function forgetHeard(machine: Machine): Promise<void> {
  await machine.sh('for log in provider second liar; do : > /var/log/$log.log; done');
}

/** Everything in /etc: names, kinds, modes, owners, targets of links, times and contents of files. */
export async function picture(machine: Machine): Promise<readonly string[]> {
  const lines = await machine.sh(`
    cd /etc
    find . -type d -printf '%p %y %m %U %G\\n' | sort
    find . ! -type d -printf '%p %y %m %U %G %T@ %l\\n' | sort
    find . -type f -print0 | sort -z | xargs -0 sha256sum`);
  return lines.split('\n');
}

/** @param rewritten files whose time is not compared. */
export function assertSame(
  now: readonly string[],
  before: readonly string[],
  rewritten: readonly string[] = [],
): void {
  const timeless = (line: string) =>
    rewritten.includes(line.split(' ')[0] ?? '') ? line.replace(/ \d+\.\d+ /, ' ') : line;
  const others = (some: readonly string[], all: readonly string[]) => {
    const known = new Set(all.map(timeless));
    return some.map(timeless).filter((line) => !known.has(line));
  };
  assert.deepEqual({ added: others(now, before), missing: others(before, now) }, { added: [], missing: [] });
}
