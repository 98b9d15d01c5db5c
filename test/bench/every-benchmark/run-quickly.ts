import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { BENCHMARKS } from '../../../bench/support/benchmarks.ts';
import { readResults } from '../../../bench/support/results.ts';
import { root } from '../../support/installed-package.ts';

/** Files of tests that have a part of the benchmarks each: together they take longer than one file may. */
const PARTS = 6;

/** Milliseconds that a benchmark may take, on a machine that has much else to do. */
const PATIENCE = 100_000;

const missing = ['dnsperf', 'h2load'].filter((command) => spawnSync(command, ['-h']).error !== undefined);
if (!existsSync('/usr/sbin/knotd')) missing.push('knotd');
const { TEST_BENCHMARKS } = process.env;
const skip =
  // They take all processors for minutes, beside tests that measure.
  (TEST_BENCHMARKS !== '1' && 'only with TEST_BENCHMARKS=1, as in .ci/full') ||
  ('bun' in process.versions && 'benchmarks start both runtimes from Node') ||
  (missing.length > 0 && `needs ${missing.join(', ')}`);

/**
 * Declares a test for every sixth benchmark, from number `part`, 0 to 5: it runs to its end with one short round. What it measures
 * then means nothing.
 */
export function testBenchmarks(part: number): void {
  describe('a benchmark runs to its end, and prints tables that have figures:', { skip }, () => {
    for (const { name } of BENCHMARKS.filter((_, index) => index % PARTS === part)) {
      test(name, async () => {
        const words = [join(root, 'dist/bench/all.js'), '--quick', name];
        const { stdout } = await promisify(execFile)(process.execPath, words, { timeout: PATIENCE });
        const sections = readResults(stdout).sections.filter(({ bench }) => bench === name);
        assert.ok(sections.length > 0, stdout);
        for (const { title, text } of sections) {
          const tables = text.match(/(?:^\|.*\n?)+/gm) ?? [];
          assert.ok(tables.length > 0, title);
          for (const each of tables) {
            // A head, a line, and what was measured.
            const [, , ...rows] = each.trim().split('\n');
            assert.ok(rows.length > 0, `${title}: a table without rows`);
            for (const row of rows) assert.match(row, /\| +\d/, title);
          }
        }
      });
    }
  });
}
