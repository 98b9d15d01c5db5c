import type { Undone } from '../../integrate/apply.ts';
import type { Outcome } from '../../integrate/integrate.ts';
import { callToText, type Plan, type Step } from '../../integrate/plan/plan.ts';
import { CommandError, type ExitCode } from '../command.ts';

/** How an integration ended, for `--json`. */
export function outcomeToJson(outcome: Outcome) {
  const { kind } = outcome;
  return {
    outcome: kind,
    ...('plan' in outcome && outcome.plan !== undefined && planToJson(outcome.plan)),
    ...('steps' in outcome && { steps: outcome.steps.map(stepToJson) }),
    ...('checks' in outcome && { checks: outcome.checks }),
    ...(kind === 'by-hand' && { manager: outcome.noPlan.row, byHand: outcome.noPlan.byHand }),
    ...(kind === 'rolled-back' && {
      reasons: outcome.reasons,
      ...(outcome.undone && { undone: undoneToJson(outcome.undone) }),
    }),
  };
}

/** What an undo did, for `--json`. */
export function undoneToJson({ restored, kept, problems }: Undone) {
  return { restored, kept, failures: problems };
}

/** The error with which `integrate --json` ends where the machine is not set as it should be. */
export function outcomeError(outcome: Outcome, exit: ExitCode): CommandError {
  return new CommandError(sentenceOf(outcome), { exit, values: outcomeToJson(outcome) });
}

function sentenceOf(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'refused':
      return outcome.reason;
    case 'by-hand':
      return `${outcome.noPlan.reason}. Nothing was changed.`;
    case 'rolled-back':
      return [...outcome.reasons, 'Everything is taken back.'].join(' ');
    case 'done':
    case 'unchanged':
      return 'A check failed.';
    case 'declined':
    case 'stopped':
      return 'Nothing was changed.';
  }
}

function planToJson({ row, found, warnings, lostRoutes, keptRoutes }: Plan) {
  return { manager: row, found, notes: warnings, lostRoutes, keptRoutes };
}

function stepToJson(step: Step) {
  switch (step.kind) {
    case 'file':
      return { action: 'write', path: step.path, content: step.text, why: step.why };
    case 'link':
      return { action: 'link', path: step.path, target: step.target, why: step.why };
    case 'run':
      return { action: 'run', command: callToText(step.call), why: step.why };
  }
}
