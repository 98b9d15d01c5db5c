import type { Undone } from '../../integrate/apply.ts';
import { CHANGES_DIRECTORY } from '../../integrate/changes/journal.ts';
import type { Outcome } from '../../integrate/integrate.ts';
import { callToText, type Plan, type Step } from '../../integrate/plan/plan.ts';
import type { Check } from '../../integrate/verify.ts';

/** A plan as it is shown before it is carried out. */
export function planText(plan: Plan, steps: readonly Step[]): string {
  return [
    `Found: ${plan.found}.`,
    ...steps.flatMap(stepLines),
    ...plan.lostRoutes.map(
      ({ link, domains, servers }) =>
        `Lost: names in ${domains.join(', ')} are no longer asked of ${link} (${servers.join(', ')}).`,
    ),
    ...plan.warnings.map((warning) => `Note: ${warning}`),
    '',
  ].join('\n');
}

function stepLines(step: Step): readonly string[] {
  switch (step.kind) {
    case 'file':
      return [
        `write ${step.path}: ${step.why}`,
        ...step.text
          .replace(/\n$/, '')
          .split('\n')
          .map((line) => `    ${line}`),
      ];
    case 'link':
      return [`link ${step.path} to ${step.target}: ${step.why}`];
    case 'run':
      return [`run ${callToText(step.call)}: ${step.why}`];
  }
}

/** How it ended. */
export function outcomeText(outcome: Outcome, isDry: boolean): string {
  switch (outcome.kind) {
    case 'done':
      return lines(
        ...checkLines(outcome.checks),
        `Done. What was there is kept in ${CHANGES_DIRECTORY}; "pkarrd integrate --undo" restores it.`,
      );
    case 'unchanged':
      return lines(
        `Found: ${outcome.plan.found}.`,
        ...checkLines(outcome.checks),
        'Everything is set already. Nothing was changed.',
      );
    case 'declined':
      return lines(isDry ? 'This is a dry run. Nothing was changed.' : 'Nothing was changed.');
    case 'stopped':
      return lines('Nothing was changed.');
    case 'refused':
      return lines(outcome.reason);
    case 'by-hand':
      return lines(
        `${outcome.noPlan.reason}. Nothing was changed. Set this there:`,
        ...outcome.noPlan.byHand,
      );
    case 'rolled-back':
      return lines(
        ...outcome.reasons.map((reason) => `Failed: ${reason}`),
        'Everything is taken back.',
        ...undoneLines(outcome.undone),
      );
  }
}

/** What an undo did. */
export function undoneText(undone: Undone | undefined): string {
  if (undone === undefined) return lines('There is nothing to undo.');
  return lines(...undone.restored.toReversed().map((path) => `Restored ${path}.`), ...undoneLines(undone));
}

function undoneLines(undone: Undone | undefined): readonly string[] {
  if (undone === undefined) return [];
  return [
    ...undone.kept.map(
      ({ path, copy }) =>
        `Kept ${path}: another program has changed it since. ` +
        (copy === undefined ? 'There was nothing before.' : `What was there before is in ${copy}.`),
    ),
    ...undone.problems.map((problem) => `Problem: ${problem}`),
  ];
}

function checkLines(checks: readonly Check[]): readonly string[] {
  return checks.map(({ rule, problem }) =>
    problem === undefined ? `ok   ${rule}` : `FAIL ${rule}: ${problem}`,
  );
}

function lines(...all: readonly string[]): string {
  return `${all.join('\n')}\n`;
}
