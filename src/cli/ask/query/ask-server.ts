import { lookup } from 'node:dns/promises';
import { upstreamAuthorities } from '../../../app/upstreams.ts';
import { Cancellation } from '../../../async/cancellation.ts';
import { Class, typeToText } from '../../../dns/codes.ts';
import { decodeMessage } from '../../../dns/message.ts';
import { ForwardError } from '../../../forward/errors.ts';
import { createForwarder } from '../../../forward/forwarder.ts';
import { UpstreamSpecError } from '../../../forward/spec/spec-error.ts';
import { parseUpstream, specToText, type UpstreamSpec } from '../../../forward/spec/upstream-spec.ts';
import { Trace } from '../../../way/trace.ts';
import { CommandError, type Invocation, type Terminal, UsageError } from '../../command.ts';
import { loadUsedSettings } from '../../configuration.ts';
import type { Asked } from './asked.ts';
import type { GivenQuestion } from './read-questions.ts';

/** `dns.example`, `dns.example:5353`: what `dig` takes behind its `@`, and an upstream of the configuration is not. */
const HOST = /^(?<host>[a-z0-9_-]+(?:\.[a-z0-9_-]+)*\.?)(?::(?<port>\d+))?$/i;

/**
 * Asks a resolver, in any of the forms that an upstream of the configuration has, or by a host name that the system looks up.
 * @returns the answers, in the order of the questions.
 * @throws UsageError for what is no resolver, and CommandError when it does not answer.
 */
export async function askServer(
  server: string,
  questions: readonly GivenQuestion[],
  invocation: Invocation,
  terminal: Terminal,
): Promise<readonly Asked[]> {
  const spec = await readServer(server);
  const settings = await loadUsedSettings(invocation, terminal, ['upstreamCa']);
  const authorities = await upstreamAuthorities(settings, terminal.machine.environment);
  const forwarder = createForwarder({ upstreams: [spec], fallback: [], routes: [], authorities });
  const cancellation = new Cancellation();
  const isExplained = invocation.has('explain');
  try {
    const asked: Asked[] = [];
    for (const { name, type } of questions) {
      const begun = performance.now();
      const request = { question: { name, type, class: Class.IN }, dnssecOk: false, checkingDisabled: false };
      const trace = isExplained ? new Trace({ wantsNodes: false }) : undefined;
      trace?.tell({ of: 'question', name: String(name), type: typeToText(type), why: 'asked' });
      const reply = await forwarder.forward(request, cancellation, trace);
      const { bytes, rcode, extendedErrors, authenticData } = reply;
      const { flags, ...message } = decodeMessage(bytes);
      asked.push({
        question: { name, type },
        message: { ...message, rcode, flags: { ...flags, authenticData } },
        extendedErrors,
        milliseconds: performance.now() - begun,
        server: specToText(spec),
        // Who would be asked is on the command line.
        ...(trace && { way: trace.facts.filter(({ of }) => of !== 'upstreams') }),
      });
    }
    return asked;
  } catch (error) {
    if (!(error instanceof ForwardError)) throw error;
    throw new CommandError(`No answer: ${whyNot(error)}.`, { cause: error });
  } finally {
    forwarder.close();
  }
}

/** One resolver was asked, so what matters is what happened with it. */
function whyNot({ reasons, message }: ForwardError): string {
  return reasons.map(({ upstream, text }) => `${upstream} ${text}`).join(', ') || message;
}

/** With the address of a host name: what looks up those of upstreams are the other upstreams. @throws UsageError, CommandError */
async function readServer(text: string): Promise<UpstreamSpec> {
  const { host, port } = HOST.exec(text)?.groups ?? {};
  // Of digits alone it is meant to be an address, and what is wrong with it is told.
  if (host !== undefined && !/(?:^|\.)\d+$/.test(host)) {
    const address = await addressOf(host);
    const endpoint = address.includes(':') ? `[${address}]` : address;
    return parse(port === undefined ? endpoint : `${endpoint}:${port}`);
  }
  const spec = parse(text);
  if ((spec.kind !== 'tls' && spec.kind !== 'https') || spec.address !== undefined) return spec;
  return { ...spec, address: await addressOf(spec.host ?? '') };
}

/** @throws UsageError */
function parse(text: string): UpstreamSpec {
  try {
    return parseUpstream(text);
  } catch (error) {
    if (!(error instanceof UpstreamSpecError)) throw error;
    throw new UsageError(`@SERVER: ${error.message}.`);
  }
}

/** @throws CommandError */
async function addressOf(host: string): Promise<string> {
  try {
    return (await lookup(host)).address;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(`The system does not know an address of ${host} (${code}).`, { cause: error });
  }
}
