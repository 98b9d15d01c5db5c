import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runTarget } from './watch.ts';

const { bun } = process.versions;
const folder = mkdtempSync(join(tmpdir(), 'pkarrd-watch-'));
after(() => rmSync(folder, { recursive: true }));

/** A target that does this in about one of a hundred executions, as a module. */
function targetThat(does: string): string {
  const path = join(folder, `${does.replace(/\W/g, '')}.mjs`);
  writeFileSync(path, `export const target = { run(random) { if (random.int(100) === 7) { ${does} } } };\n`);
  return path;
}

const limits = { milliseconds: 60_000, executions: 100_000, endless: 700 };

for (const { what, does, text } of [
  { what: 'does not end', does: 'for (;;) ;', text: /^It did not end within 0.7 s/ },
  { what: 'throws', does: 'throw new Error("odd");', text: /[Ee]rror: odd/ },
  { what: 'rejects later', does: 'return Promise.reject(new Error("odd"));', text: /[Ee]rror: odd/ },
  { what: 'aborts the process', does: 'process.abort();', text: /^The process ended with SIGABRT/ },
  { what: 'ends the process', does: 'process.exit(0);', text: /ended before its time/ },
  {
    what: 'takes all memory',
    does: 'const all = []; for (;;) all.push(new Array(1e6).fill(all.length + 0.5));',
    text: /out of memory|SIGABRT|SIGKILL|SIGTRAP/,
  },
]) {
  const skip = what === 'takes all memory' && bun !== undefined && 'Bun has no limit of memory';
  test(`an execution that ${what} is reported with the case that repeats it`, { skip }, async () => {
    const path = targetThat(does);
    // Filling the memory takes processor time too.
    const endless = what === 'takes all memory' ? 60_000 : limits.endless;
    const outcome = await runTarget(path, 1, { ...limits, endless });
    assert.ok('case' in outcome);
    assert.match(outcome.text, text);
    const again = await runTarget(path, outcome.case, { ...limits, endless, executions: 1 });
    assert.ok('case' in again);
    assert.equal(again.case, outcome.case);
  });
}

test('a run without a failure tells how many executions it were, and the same seed has the same cases', async () => {
  const path = join(folder, 'counting.mjs');
  writeFileSync(path, 'export const target = { run(random) { random.u32(); } };\n');
  const outcome = await runTarget(path, 1, { ...limits, executions: 500 });
  assert.ok('executions' in outcome);
  assert.equal(outcome.executions, 500);
  const failing = targetThat('throw new Error("odd");');
  const [one, other] = [await runTarget(failing, 3, limits), await runTarget(failing, 3, limits)];
  assert.deepEqual('case' in one && one.case, 'case' in other && other.case);
});
