import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { recordToText } from '../../src/dns/presentation/rdata-text.ts';
import { readZoneText } from '../../src/publish/read-zone.ts';
import { loadZone } from '../../src/publish/zone-file.ts';
import { ZoneProblem } from '../../src/publish/zone-problem.ts';
import { ZoneWatch } from '../../src/publish/zone-watch.ts';
import { testKey } from '../support/packets.ts';

const { publicKey } = testKey(31);
const directory = mkdtempSync(join(tmpdir(), 'pkarrd-zone-'));
after(() => rmSync(directory, { recursive: true }));
let count = 0;

/** A folder of its own with these files. */
function folder(files: Readonly<Record<string, string>>): (name: string) => string {
  const base = join(directory, String(count++));
  mkdirSync(join(base, 'below'), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(base, name), text);
  return (name) => join(base, name);
}

async function load(path: string): Promise<readonly string[]> {
  const { records } = loadZone(await readZoneText(path), publicKey, new Map());
  return records.map((record) => recordToText(record).replaceAll(publicKey.text, 'KEY'));
}

async function faultsOf(path: string): Promise<readonly string[]> {
  try {
    await load(path);
  } catch (error) {
    assert.ok(error instanceof ZoneProblem);
    return error.faults;
  }
  assert.fail('no fault');
}

test('a path after $INCLUDE is relative to the file that has it', async () => {
  const at = folder({
    zone: '$INCLUDE below/hosts\n@ TXT zone',
    'below/hosts': '$INCLUDE more\n$INCLUDE ../top',
    'below/more': 'a A 192.0.2.1',
    top: 'b A 192.0.2.2',
  });
  assert.deepEqual(await load(at('zone')), [
    'a.KEY. 300 IN A 192.0.2.1',
    'b.KEY. 300 IN A 192.0.2.2',
    'KEY. 300 IN TXT "zone"',
  ]);
  writeFileSync(at('absolute'), `$INCLUDE ${at('top')}`);
  assert.deepEqual(await load(at('absolute')), ['b.KEY. 300 IN A 192.0.2.2']);
});

test('what cannot be included is an error at its place, and nothing waits for it', async () => {
  const at = folder({
    zone: '$INCLUDE absent\n$INCLUDE fifo\n$INCLUDE below\n$INCLUDE large\n$INCLUDE good\n',
    large: ';'.repeat(1_048_577),
    good: 'a A x',
  });
  execFileSync('mkfifo', [at('fifo')]);
  assert.deepEqual(await faultsOf(at('zone')), [
    `${at('zone')}:1:10: Cannot include "absent": there is no such file.`,
    `${at('zone')}:2:10: Cannot include "fifo": it is not a regular file.`,
    `${at('zone')}:3:10: Cannot include "below": it is not a regular file.`,
    `${at('zone')}:4:10: Cannot include "large": it is over 1048576 bytes long.`,
    `${at('good')}:1:5: "x" is not an IPv4 address such as 192.0.2.1.`,
  ]);
});

test('at most 32 different files are read', async () => {
  const names = Array.from({ length: 40 }, (_, i) => `f${i}`);
  const at = folder({
    zone: names.map((name) => `$INCLUDE ${name}\n`).join(''),
    ...Object.fromEntries(names.map((name) => [name, '; nothing'])),
  });
  const faults = await faultsOf(at('zone'));
  assert.equal(faults.length, 8);
  assert.match(faults[0] ?? '', /:33:10: Cannot include "f32": more than 32 files are included\.$/);
});

test('octets that are not UTF-8 are refused, not replaced', async () => {
  const at = folder({});
  writeFileSync(at('zone'), Buffer.from('@ TXT caf\xe9', 'latin1'));
  assert.deepEqual(await faultsOf(at('zone')), [
    `${at('zone')}: it is not valid UTF-8; other octets are written \\DDD`,
  ]);
});

test('a change of an included file is a change of the zone', async () => {
  const at = folder({ zone: '$INCLUDE hosts\n', hosts: 'a A 192.0.2.1\n' });
  const told: string[] = [];
  const watch = new ZoneWatch({ path: at('zone'), key: publicKey, movedFrom: undefined }, (faults) =>
    told.push(...faults),
  );
  const look = () => watch.look(new Map());
  const texts = () => watch.zone?.records.map((record) => recordToText(record).split(' ').at(-1));
  assert.equal(await look(), true);
  assert.deepEqual(texts(), ['192.0.2.1']);
  assert.equal(await look(), false);

  writeFileSync(at('hosts'), 'a A 192.0.2.200\n');
  // Once it is seen twice in a row, so that a file that is being written is not published half.
  assert.deepEqual([await look(), await look(), texts()], [false, true, ['192.0.2.200']]);

  rmSync(at('hosts'));
  assert.deepEqual([await look(), await look(), texts()], [false, false, ['192.0.2.200']]);
  assert.match(watch.problem ?? '', /Cannot include "hosts": there is no such file/);
  assert.equal(told.length, 1);

  writeFileSync(at('hosts'), 'a A 192.0.2.3\n');
  assert.deepEqual([await look(), await look(), texts()], [false, true, ['192.0.2.3']]);
  assert.equal(watch.problem, undefined);

  // Another set of files is included.
  writeFileSync(at('other'), 'b A 192.0.2.4\n');
  writeFileSync(at('zone'), '$INCLUDE hosts\n$INCLUDE other\n');
  assert.deepEqual([await look(), await look(), texts()], [false, true, ['192.0.2.3', '192.0.2.4']]);
  writeFileSync(at('other'), 'b A 192.0.2.5\n');
  assert.deepEqual([await look(), await look(), texts()], [false, true, ['192.0.2.3', '192.0.2.5']]);
});
