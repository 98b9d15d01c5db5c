import type { FileOutcome } from './test-file.ts';
import type { TestEvent } from './test-reporter.ts';

/** Characters of the output of a failed file that are shown, from its end. */
const MOST_PRINTED = 20_000;

type Finished = Exclude<TestEvent, { readonly kind: 'begun' }>;

/** Whether all tests of a file passed and its process exited with 0 by itself. */
function isGood({ events, status, stopped }: FileOutcome): boolean {
  return status === 0 && stopped === undefined && finished(events).every(isAllowed);
}

/** The report of a file that has ended: a line for each test, and everything known if something failed. */
export function describeOutcome(outcome: FileOutcome): string {
  const { name, events, printed, status, stopped, leftProcesses, milliseconds } = outcome;
  const good = isGood(outcome);
  const lines = [`${good ? 'ok' : 'not ok'} ${name} (${seconds(milliseconds)})`];
  for (const event of inOrder(events)) lines.push(...describeTest(event));
  if (leftProcesses) lines.push('  # left processes behind, which were killed');
  if (!good) {
    lines.push(`  # status ${status}${stopped === undefined ? '' : `, stopped: ${stopped}`}`);
    for (const running of unfinished(events)) lines.push(`  # was running: ${running}`);
    if (stopped !== undefined && unfinished(events).length === 0) {
      const isBusy = status === 'SIGKILL';
      lines.push(
        `  # ${isBusy ? 'its event loop was blocked' : 'no test was running: something was left open'}`,
      );
    }
    lines.push(...indented(printed.slice(-MOST_PRINTED), '  | '));
  }
  return `${lines.join('\n')}\n`;
}

/** The summary of a run. */
export function summary(run: {
  readonly outcomes: readonly FileOutcome[];
  /** Files that were not run. */
  readonly missing: readonly string[];
  /** Why not. */
  readonly reason: string | undefined;
  readonly milliseconds: number;
}): { readonly text: string; readonly isGood: boolean } {
  const { outcomes, missing, reason, milliseconds } = run;
  const bad = outcomes.filter((outcome) => !isGood(outcome));
  const all = outcomes.flatMap(({ events }) => finished(events));
  const tests = all.filter(({ isSuite }) => !isSuite);
  const lines: string[] = [];
  for (const file of missing) lines.push(`# not run (${reason ?? 'reason unknown'}): ${file}`);
  for (const outcome of bad) {
    lines.push(
      `# failed: ${outcome.name}${outcome.stopped === undefined ? '' : ` (stopped: ${outcome.stopped})`}`,
    );
    for (const event of finished(outcome.events)) {
      if (!event.isSuite && !isAllowed(event)) lines.push(`#   ${event.name}`);
    }
    for (const running of unfinished(outcome.events)) lines.push(`#   was running: ${running}`);
  }
  for (const { name, skipped } of tests) {
    if (skipped !== undefined) lines.push(`# skipped: ${name}${skipped === 'true' ? '' : `: ${skipped}`}`);
  }
  // A failed file without a failed test counts as one failed test.
  const unexplained = bad.filter(({ events }) => finished(events).every(isAllowed)).length;
  const count = (is: (event: Finished) => boolean): number => tests.filter(is).length;
  lines.push(
    `# files ${outcomes.length} of ${outcomes.length + missing.length}, failed ${bad.length}`,
    `# tests ${tests.length + unexplained}`,
    `# pass ${count((event) => event.kind === 'passed' && event.skipped === undefined && event.todo === undefined)}`,
    `# fail ${count((event) => !isAllowed(event)) + unexplained}`,
    `# skipped ${count((event) => event.skipped !== undefined)}`,
    `# todo ${count((event) => event.todo !== undefined)}`,
    `# duration_ms ${Math.round(milliseconds)}`,
  );
  return { text: `${lines.join('\n')}\n`, isGood: bad.length === 0 && missing.length === 0 };
}

function describeTest(event: Finished): readonly string[] {
  const { kind, name, nesting, milliseconds, skipped, error } = event;
  const indent = '  '.repeat(nesting + 1);
  const mark = skipped !== undefined ? 'skipped' : kind === 'passed' ? 'ok' : 'not ok';
  return [
    `${indent}${mark} ${name} (${seconds(milliseconds)})${skipped && skipped !== 'true' ? ` # ${skipped}` : ''}`,
    ...(error === undefined ? [] : indented(error, `${indent}  `)),
  ];
}

/** A failure of a test marked `todo` does not count, as in node:test. */
function isAllowed({ kind, todo }: Finished): boolean {
  return kind === 'passed' || todo !== undefined;
}

function finished(events: readonly TestEvent[]): readonly Finished[] {
  return events.filter((event): event is Finished => event.kind !== 'begun');
}

/** Results with each suite before its tests: node:test reports a suite after them. */
function inOrder(events: readonly TestEvent[]): readonly Finished[] {
  const result: Finished[] = [];
  for (const event of finished(events)) {
    let at = result.length;
    while (at > 0 && (result[at - 1]?.nesting ?? 0) > event.nesting) at--;
    result.splice(at, 0, event);
  }
  return result;
}

/** The path of the test that began and has no result. */
function unfinished(events: readonly TestEvent[]): readonly string[] {
  const open: TestEvent[] = [];
  for (const event of events) {
    if (event.kind === 'begun') open.push(event);
    else {
      const at = open.findLastIndex(({ name, nesting }) => name === event.name && nesting === event.nesting);
      if (at >= 0) open.splice(at, 1);
    }
  }
  // The suites around it are open too.
  return open.length === 0 ? [] : [open.map(({ name }) => name).join(' > ')];
}

function indented(text: string, indent: string): readonly string[] {
  const lines = text.trimEnd().split('\n');
  return text.trim() === '' ? [] : lines.map((line) => `${indent}${line}`);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 1000 ? 3 : 1)} s`;
}
