import { MainlineError } from '../../mainline/errors.ts';
import { startTestNetworkThread } from '../../testnet/proxy.ts';
import { type Command, CommandError, Exit, type Invocation, UsageError } from '../command.ts';
import { untilStopped } from '../stop-signal.ts';

/** Runs a DHT of real nodes on loopback. */
export const testnet: Command = {
  name: 'testnet',
  description: [
    'Runs a DHT of real nodes on 127.0.0.1, prints the address of one as its first line, to be given as --bootstrap ' +
      'to other commands, and stays until it is interrupted.',
    'Delay, loss and silence begin when all nodes have joined.',
  ],
  operands: [],
  flags: [
    { name: 'nodes', value: 'NUMBER', help: 'How many nodes, 1 to 1000 (default: 30)' },
    {
      name: 'port',
      value: 'PORT',
      help: 'UDP port of the node that is printed, 0 to 65535; 0 is any free port (default: 0)',
    },
    { name: 'delay', value: 'MILLISECONDS', help: 'How late each datagram leaves, 0 to 10000 (default: 0)' },
    { name: 'loss', value: 'RATE', help: 'Share of datagrams that are lost, 0 to 1 (default: 0)' },
    { name: 'silent', value: 'FRACTION', help: 'Share of nodes that never answer, 0 to 0.99 (default: 0)' },
  ],
  settings: [],
  async run(invocation, terminal) {
    const stopped = untilStopped();
    const options = {
      nodes: numberFrom(invocation, 'nodes', { least: 1, most: 1000, whole: true }) ?? 30,
      port: numberFrom(invocation, 'port', { least: 0, most: 65_535, whole: true }) ?? 0,
      delayMs: numberFrom(invocation, 'delay', { least: 0, most: 10_000, whole: true }) ?? 0,
      lossRate: numberFrom(invocation, 'loss', { least: 0, most: 1 }) ?? 0,
      silentFraction: numberFrom(invocation, 'silent', { least: 0, most: 0.99 }) ?? 0,
    };
    const network = await startTestNetworkThread(options).catch((error: unknown) => {
      if (!(error instanceof MainlineError)) throw error;
      const remedy = error.kind === 'bind-failed' ? ' Choose another port with --port.' : '';
      throw new CommandError(`${error.message}.${remedy}`, { cause: error });
    });
    const lines = network.bootstrap.slice(0, 1).map(({ host, port }) => `${host}:${port}\n`);
    terminal.out(lines.join(''));
    terminal.err(`${options.nodes} nodes on 127.0.0.1 until you press Ctrl-C.\n`);
    await stopped;
    await network.close();
    return Exit.OK;
  },
};

/** The number that a flag gives. @throws UsageError. */
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
  throw new UsageError(`--${flag} takes ${kind} from ${least} to ${most}, not ${JSON.stringify(text)}.`);
}
