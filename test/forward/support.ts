import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { Cancellation } from '../../src/async/cancellation.ts';
import { Class, Type } from '../../src/dns/codes.ts';
import { decodeMessage } from '../../src/dns/message.ts';
import { Name } from '../../src/dns/name.ts';
import { UpstreamFailure } from '../../src/forward/errors.ts';
import { createForwarder, type Forwarder, type ForwarderOptions } from '../../src/forward/forwarder.ts';
import type { UpstreamReply } from '../../src/forward/reply.ts';
import type { SocketBudget } from '../../src/forward/socket-budget.ts';
import { parseUpstream, parseUpstreamEntry } from '../../src/forward/spec/upstream-spec.ts';
import type { ScriptedUpstream } from '../support/scripted-upstream.ts';

/** A signal that never fires. */
const never: AbortSignal = new AbortController().signal;
setMaxListeners(0, never);

/** Upstreams as people write them. */
export interface ForwarderSetup
  extends Partial<
    Pick<ForwarderOptions, 'clock' | 'random' | 'maxInFlight' | 'budget' | 'sockets' | 'authorities'>
  > {
  readonly upstreams: readonly (string | ScriptedUpstream)[];
  readonly fallback?: readonly ScriptedUpstream[];
  readonly routes?: readonly string[];
}

/** A forwarder that is closed at the end of its block. */
export function setUpForwarder(setup: ForwarderSetup): Forwarder & Disposable {
  const { upstreams, fallback = [], routes = [], ...rest } = setup;
  const spec = (upstream: string | ScriptedUpstream) =>
    parseUpstream(typeof upstream === 'string' ? upstream : upstream.spec);
  const forwarder = createForwarder({
    ...rest,
    upstreams: upstreams.map(spec),
    fallback: fallback.map(spec),
    routes: routes.map((text) => {
      const entry = parseUpstreamEntry(text);
      if (entry.kind !== 'route') throw new Error(`${text} is no route`);
      return entry.route;
    }),
  });
  return Object.assign(forwarder, { [Symbol.dispose]: () => forwarder.close() });
}

/** Asks for the A record of `name`, without DO and CD unless given. */
export function ask(
  forwarder: Forwarder,
  name: string,
  options: { type?: number; dnssecOk?: boolean; checkingDisabled?: boolean; signal?: AbortSignal } = {},
): Promise<UpstreamReply> {
  const { type = Type.A, dnssecOk = false, checkingDisabled = false, signal = never } = options;
  const question = { name: Name.parse(name), type, class: Class.IN };
  return forwarder.forward({ question, dnssecOk, checkingDisabled }, Cancellation.following(signal));
}

/** The addresses in the A records of a reply. */
export function addresses(reply: UpstreamReply): string[] {
  return decodeMessage(reply.bytes)
    .answers.filter(({ type }) => type === Type.A)
    .map(({ rdata }) => rdata.join('.'));
}

/** The value under which the share `p` of `values` lies. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] ?? Number.NaN;
}

/** How many sockets are taken of a budget: as many as cannot be taken any more. */
export function taken(budget: SocketBudget, max: number): number {
  let free = 0;
  try {
    for (;;) {
      budget.take();
      free += 1;
    }
  } catch (error) {
    assert.ok(error instanceof UpstreamFailure && error.kind === 'no-sockets');
  }
  for (let i = 0; i < free; i++) budget.give();
  return max - free;
}
