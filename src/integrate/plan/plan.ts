import type { ProgramCall } from '../../system/commands/run-program.ts';

/** How names are looked up on a machine, as far as it matters for what is set. A closed list: the rows of the README's table. */
export type Row =
  | 'network-manager-and-resolved'
  | 'networkd-and-resolved'
  | 'resolved'
  | 'network-manager'
  | 'debian-resolvconf'
  | 'openresolv'
  | 'resolv-conf';

/** A file that is to have this text, whatever is there now. It is readable by everybody, and belongs to root. */
export interface FileStep {
  readonly kind: 'file';
  readonly path: string;
  readonly text: string;
  /** What it does, as a clause: `NetworkManager leaves /etc/resolv.conf alone`. */
  readonly why: string;
}

/** A link that is to be there. */
export interface LinkStep {
  readonly kind: 'link';
  readonly path: string;
  readonly target: string;
  readonly why: string;
}

/** A program that makes the files take effect. It is run when one of them was changed. */
export interface RunStep {
  readonly kind: 'run';
  readonly call: ProgramCall;
  readonly why: string;
}

/** One step. */
export type Step = FileStep | LinkStep | RunStep;

/** A call that makes an old file take effect again, or ends what a new one started. */
export interface UndoCall extends ProgramCall {
  /** There may be nothing to do. */
  readonly mayFail?: boolean;
}

/** What is to be set, in order. */
export interface Plan {
  readonly row: Row;
  /** What was found, as words: `NetworkManager 1.42.4 and systemd-resolved 252`. */
  readonly found: string;
  readonly steps: readonly Step[];
  /** What makes the old files take effect again once they are back. */
  readonly undo: readonly UndoCall[];
  /** Sentences on what will be different and is not meant to be. */
  readonly warnings: readonly string[];
  /** Domains that would no longer be asked of their own link. */
  readonly lostRoutes: readonly LinkRoute[];
  /** Domains that pkarrd is to ask of their own link from now on. */
  readonly keptRoutes: readonly LinkRoute[];
  /** What is expected of systemd-resolved afterwards: that no link has resolvers of its own. */
  readonly emptiesLinks: boolean;
}

/** Domains whose names only the resolvers of one link know. */
export interface LinkRoute {
  readonly link: string;
  readonly domains: readonly string[];
  readonly servers: readonly string[];
}

/** No plan can be made: one sentence, and what to do by hand. */
export interface NoPlan {
  readonly row: 'openwrt';
  readonly reason: string;
  readonly byHand: readonly string[];
}

/** Milliseconds that a program of the system has to restart or to reload. */
const CALL_TIMEOUT = 30_000;

/** A call of a program that makes settings take effect. */
export function call(program: string, ...args: readonly string[]): ProgramCall {
  return { program, args, timeout: CALL_TIMEOUT };
}

/** A call as it would be typed. */
export function callToText({ program, args }: ProgramCall): string {
  return [program, ...args].map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`)).join(' ');
}
