import { untilAborted } from '../../async/until-aborted.ts';
import { MainlineError } from '../../mainline/errors.ts';
import { plural } from '../../observe/count-text.ts';
import { findPortHolders } from '../../system/activation/port-holder.ts';
import { moreDescriptors } from '../../system/out-of-descriptors.ts';
import { startTestNetworkThread } from '../../testnet/proxy.ts';
import { type Command, CommandError, Exit, type Invocation, UsageError } from '../command.ts';
import { working } from '../living-line.ts';
import { abortedOnStop } from '../stop-signal.ts';
import { requireLoopback } from './require-loopback.ts';

/** Runs a test DHT of real nodes on loopback. */
export const testnet: Command = {
  name: 'testnet',
  description: [
    'Runs a DHT of real nodes on 127.0.0.1 until it is interrupted. The first line of its output is the address of one ' +
      'node; pass it to other commands as --bootstrap.',
  ],
  operands: [],
  flags: [
    { name: 'nodes', value: 'NUMBER', help: 'Number of nodes, 1 to 1000 (default: 30)' },
    {
      name: 'port',
      value: 'PORT',
      help: 'UDP port of the printed node, 0 to 65535; 0 means any free port (default: 0)',
    },
    { name: 'delay', value: 'MILLISECONDS', help: 'Delay of each datagram, 0 to 10000 (default: 0)' },
    { name: 'loss', value: 'RATE', help: 'Fraction of datagrams that are lost, 0 to 1 (default: 0)' },
    {
      name: 'silent',
      value: 'FRACTION',
      help: 'Fraction of nodes that never answer, 0 to 0.99 (default: 0)',
    },
  ],
  settings: [],
  async run(invocation, terminal) {
    const stop = abortedOnStop();
    const options = {
      nodes: numberFrom(invocation, 'nodes', { least: 1, most: 1000, whole: true }) ?? 30,
      port: numberFrom(invocation, 'port', { least: 0, most: 65_535, whole: true }) ?? 0,
      delayMs: numberFrom(invocation, 'delay', { least: 0, most: 10_000, whole: true }) ?? 0,
      lossRate: numberFrom(invocation, 'loss', { least: 0, most: 1 }) ?? 0,
      silentFraction: numberFrom(invocation, 'silent', { least: 0, most: 0.99 }) ?? 0,
    };
    requireLoopback();
    terminal.line.show(working(`Starting ${plural(options.nodes, 'node')}`));
    const network = await startTestNetworkThread(options, stop).catch((error: unknown) => {
      if (!(error instanceof MainlineError)) throw error;
      throw new CommandError(startProblem(error, options), { cause: error });
    });
    terminal.line.clear();
    const lines = network.bootstrap.slice(0, 1).map(({ host, port }) => `${host}:${port}\n`);
    terminal.out(lines.join(''));
    terminal.err(`Running ${plural(options.nodes, 'node')} on 127.0.0.1. Press Ctrl-C to stop.\n`);
    await untilAborted(stop);
    await network.close();
    return Exit.OK;
  },
};

/** Why the network could not be started, and what to do. */
function startProblem(
  { code, message }: MainlineError,
  { nodes, port }: { readonly nodes: number; readonly port: number },
): string {
  const where = `127.0.0.1:${port} (udp)`;
  if (code === 'EADDRINUSE' && port !== 0) {
    const holders = findPortHolders('udp', { host: '127.0.0.1', port });
    const by = holders.map(({ name, pid }) => `${name} (process ${pid})`).join(' and ');
    return `${where} is in use by ${by || 'another program'}. Choose another port with --port, or leave it out for any free one.`;
  }
  if (code === 'EACCES')
    return `Permission denied to listen on ${where}. Use a port from 1024 up with --port.`;
  if (code === 'EMFILE' || code === 'ENFILE')
    return `There are too few file descriptors for ${plural(nodes, 'node')}: each takes one. Start fewer with --nodes, or ${moreDescriptors()}`;
  return `${message}.`;
}

/** The numeric value of a flag. @throws UsageError. */
function numberFrom(
  invocation: Invocation,
  flag: string,
  bounds: { readonly least: number; readonly most: number; readonly whole?: true },
): number | undefined {
  const text = invocation.value(flag);
  if (text === undefined) return undefined;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  const { least, most, whole = false } = bounds;
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? 'a whole number' : 'a number';
  throw new UsageError(
    `--${flag}: ${JSON.stringify(text)} is not valid; expected ${kind} from ${least} to ${most}.`,
  );
}
