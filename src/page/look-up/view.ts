import type {
  AnswerView,
  Asked,
  LookUpQuestion,
  LookUpStep,
  NetworkEnd,
  PacketPlace,
  PacketView,
  ProblemCause,
} from './step.ts';

/** What the section shows. */
export interface LookUpView {
  /** What stands in the form. */
  readonly typed: string;
  readonly type: string;
  /** `none`: nothing is looked up. */
  readonly state: 'none' | 'running' | 'done';
  /** The port at which the sites of keys are opened; absent for clients elsewhere. */
  readonly gatewayPort?: number;
  /** Why there is no answer, as a sentence. */
  readonly problem?: string;
  /** What is the cause of it, or of it that the key was not looked up. */
  readonly cause?: ProblemCause;
  readonly question?: LookUpQuestion;
  readonly place?: PacketPlace;
  readonly asked: readonly Asked[];
  readonly packet?: PacketView;
  readonly network?: NetworkEnd;
  readonly answer?: AnswerView;
}

/** The form, before anything is looked up. */
export function emptyView(typed: string, type: string, gatewayPort: number | undefined): LookUpView {
  return { typed, type, state: 'none', asked: [], ...(gatewayPort !== undefined && { gatewayPort }) };
}

/** The view after another step. Pure. */
export function withStep(view: LookUpView, step: LookUpStep): LookUpView {
  switch (step.kind) {
    case 'problem':
      return { ...view, problem: step.sentence, ...(step.cause !== undefined && { cause: step.cause }) };
    case 'question':
      return { ...view, question: step.question };
    case 'place':
      return { ...view, place: step.place };
    case 'asked':
      return { ...view, asked: [...view.asked, step.asked] };
    case 'packet':
      return { ...view, packet: step.packet };
    case 'network':
      // Too many keys were looked up; what is at hand is shown nevertheless.
      return {
        ...view,
        network: step.network,
        ...(step.network.outcome === 'busy' && view.packet === undefined && { cause: 'limited' }),
      };
    case 'answer':
      return { ...view, answer: step.answer };
  }
}

/** How many of those that were asked said what. */
export interface Tally {
  /** Hold the packet that is shown. */
  readonly holders: number;
  /** Hold an older one. */
  readonly behind: number;
  readonly answered: number;
  readonly asked: number;
}

/** Counts what those that were asked said. */
export function tallyOf({ asked, packet }: Pick<LookUpView, 'asked' | 'packet'>): Tally {
  const having = asked.filter(({ timestamp }) => timestamp !== undefined);
  const holders = having.filter(({ timestamp }) => timestamp === packet?.timestamp).length;
  const answered = asked.filter(({ said }) => said !== 'silent' && said !== 'refused').length;
  return { holders, behind: having.length - holders, answered, asked: asked.length };
}
