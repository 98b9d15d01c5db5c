import { carryOut, STOPPED, StepError, settle, stepsToDo, type Undone, undo } from './apply.ts';
import { readChanges } from './changes/journal.ts';
import { oneAtATime } from './changes/one-at-a-time.ts';
import type { Answering } from './facts/answering.ts';
import { gatherFacts } from './facts/gather.ts';
import { type Machine, stoppable } from './machine.ts';
import { makePlan } from './plan/make-plan.ts';
import type { NoPlan, Plan, Step } from './plan/plan.ts';
import {
  addressesOf,
  type Check,
  GetentMissingError,
  ORDINARY_NAME,
  type VerifyOptions,
  verify,
} from './verify.ts';

/**
 * Runs work that changes the machine. While it runs, nothing ends the program at once: who asks it to stop aborts `stop`, and
 * the work then leaves the machine as it was before, or as it is to be.
 */
export type Guard = <T>(work: (stop: AbortSignal) => Promise<T>) => Promise<T>;

/** What a person decides. */
export interface IntegrateOptions {
  /** Whether anything may be changed. Otherwise the plan is shown, and `confirm` says no. */
  readonly mayChange: boolean;
  /** Domains of links may be lost. */
  readonly losesRoutes: boolean;
  /** Domains of which the running program knows now who is to be asked, in lower case and without a final dot. */
  readonly routedDomains: () => Promise<readonly string[]>;
  /** The command that runs pkarrd, as it stands in a unit; undefined when it is not to ask links for their domains. */
  readonly command: string | undefined;
  /** Containers of Docker are to ask pkarrd too. */
  readonly containers: boolean;
  /** A name that is found before and has to be found afterwards. */
  readonly ordinaryName?: string;
  /** Runs what must not be left half done. */
  readonly guard: Guard;
  /** Shows the plan and asks whether to go on. Called only when there is something to do. */
  readonly confirm: (plan: Plan, steps: readonly Step[]) => Promise<boolean>;
}

/** How an integration ended. A closed list. */
export type Outcome =
  /** It is done and checked. */
  | {
      readonly kind: 'done';
      readonly plan: Plan;
      readonly steps: readonly Step[];
      readonly checks: readonly Check[];
    }
  /** Everything was as it is to be, so nothing was changed. A check may fail nevertheless. */
  | { readonly kind: 'unchanged'; readonly plan: Plan; readonly checks: readonly Check[] }
  /** The person did not want it. */
  | { readonly kind: 'declined'; readonly plan: Plan; readonly steps: readonly Step[] }
  /** It was asked to stop before it changed anything. What an earlier run had left half done is taken back. */
  | { readonly kind: 'stopped' }
  /** It cannot be done, and nothing was changed: one sentence, and what to do. */
  | { readonly kind: 'refused'; readonly reason: string; readonly plan?: Plan }
  | { readonly kind: 'by-hand'; readonly noPlan: NoPlan }
  /** A step or a check failed, or it was asked to stop, and everything is as it was before. */
  | {
      readonly kind: 'rolled-back';
      readonly plan: Plan;
      readonly reasons: readonly string[];
      readonly undone: Undone | undefined;
    };

/**
 * Makes the programs of this machine ask pkarrd: looks at what is there, plans, carries out, checks, and takes everything back
 * when a check fails.
 * @throws ChangesError when the list of earlier changes cannot be used, or another run is under way.
 */
export async function integrate(machine: Machine, options: IntegrateOptions): Promise<Outcome> {
  if (!options.mayChange) return await integrateAlone(machine, options);
  return await oneAtATime(machine, () => integrateAlone(machine, options));
}

/**
 * Restores what was there before. Undefined when nothing had been changed.
 * @throws ChangesError when the list of changes cannot be used, or another run is under way.
 */
export async function undoIntegration(machine: Machine): Promise<Undone | undefined> {
  return await oneAtATime(machine, () => undo(machine));
}

/** Nobody else changes anything meanwhile. */
async function integrateAlone(machine: Machine, options: IntegrateOptions): Promise<Outcome> {
  if (options.mayChange && (await options.guard((stop) => undoInterrupted(machine, stop))))
    return { kind: 'stopped' };
  const facts = await gatherFacts(machine);
  const earlier = await readChanges(machine);
  const before = earlier !== undefined && earlier.paths.length > 0 ? earlier.row : undefined;
  const { command, containers } = options;
  const made = makePlan(facts, { before, command, containers, routedDomains: await options.routedDomains() });
  if ('byHand' in made) return { kind: 'by-hand', noPlan: made };
  const isAnswered = facts.answering === 'pkarrd';
  if (!isAnswered && options.mayChange) return { kind: 'refused', reason: notAnswering(facts.answering) };
  // What is only shown would be refused.
  const plan = isAnswered ? made : { ...made, warnings: [...made.warnings, notAnswering(facts.answering)] };

  const routedDomains = options.losesRoutes ? undefined : options.routedDomains;
  let ordinaryName: string | undefined;
  try {
    ordinaryName = await findOrdinary(machine, options.ordinaryName ?? ORDINARY_NAME);
  } catch (error) {
    if (!(error instanceof GetentMissingError)) throw error;
    return { kind: 'refused', reason: `${error.message} Nothing was changed.` };
  }
  const steps = await stepsToDo(machine, plan);
  if (steps.length === 0) {
    return {
      kind: 'unchanged',
      plan,
      checks: await verify(machine, { plan, ordinaryName, isFresh: false, routedDomains }),
    };
  }
  if (plan.lostRoutes.length > 0 && !options.losesRoutes && options.mayChange) {
    return { kind: 'refused', reason: losesRoutes(plan), plan };
  }
  if (!(await options.confirm(plan, steps))) return { kind: 'declined', plan, steps };

  const work: Work = {
    plan,
    steps,
    verify: { plan, ordinaryName, isFresh: true, routedDomains },
    resolvers: facts.resolvConf.servers.filter((server) => !/^127\.|^::1$/.test(server)),
  };
  return await options.guard((stop) => changeAndCheck(machine, work, stop));
}

/** What is to be done, and how it is checked. */
interface Work {
  readonly plan: Plan;
  readonly steps: readonly Step[];
  readonly verify: VerifyOptions;
  /** The resolvers that /etc/resolv.conf names, ourselves and stubs of this machine left out. */
  readonly resolvers: readonly string[];
}

/** Carries out a plan, and takes it back when a step or a check fails, or when `stop` aborts. */
async function changeAndCheck(machine: Machine, work: Work, stop: AbortSignal): Promise<Outcome> {
  const { plan, steps, resolvers } = work;
  const rollBack = async (reasons: readonly string[]): Promise<Outcome> => {
    return { kind: 'rolled-back', plan, reasons, undone: await undo(machine) };
  };
  try {
    await carryOut(machine, plan, steps, { resolvers, stop });
  } catch (error) {
    if (error instanceof StepError) return await rollBack([error.message]);
    throw error;
  }
  const checks = await verify(stoppable(machine, stop), work.verify, stop);
  if (stop.aborted) return await rollBack([STOPPED]);
  const failed = checks.flatMap(({ rule, problem }) =>
    problem === undefined ? [] : [`${rule}: ${problem}.`],
  );
  if (failed.length > 0) return await rollBack(failed);
  await settle(machine);
  return { kind: 'done', plan, steps, checks };
}

/** A run that did not end, because of a crash or a loss of power, is taken back first: half of a plan is none. @returns whether to stop. */
async function undoInterrupted(machine: Machine, stop: AbortSignal): Promise<boolean> {
  const changes = await readChanges(machine);
  if (changes !== undefined && changes.state !== 'done') await undo(machine);
  return stop.aborted;
}

/** The name, if it is found now: without a network it cannot be found afterwards either. */
async function findOrdinary(machine: Machine, name: string): Promise<string | undefined> {
  return (await addressesOf(machine, name)).length > 0 ? name : undefined;
}

function notAnswering(answering: Answering): string {
  const how = 'Start pkarrd there ("pkarrd install"), and run this again. Nothing was changed.';
  return answering === 'nobody'
    ? `Nobody answers on 127.0.0.1, port 53. ${how}`
    : `Another program than pkarrd answers on 127.0.0.1, port 53: "ss -lnup sport = :53" shows which. Stop it. ${how}`;
}

function losesRoutes({ lostRoutes }: Plan): string {
  const lost = lostRoutes.map(
    ({ link, domains, servers }) => `${domains.join(', ')} of ${link} (${servers.join(', ')})`,
  );
  return (
    `Names in ${lost.join(' and in ')} would no longer be asked of that link. Name them in the configuration, for example ` +
    `upstream = ["/${lostRoutes[0]?.domains[0]}/${lostRoutes[0]?.servers[0]}"], or give --lose-split-dns. Nothing was changed.`
  );
}
