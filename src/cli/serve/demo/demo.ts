import {
  type ListenAddress,
  listenAddressToText,
  parseListenAddress,
} from '../../../config/listen-address.ts';
import { type Command, Exit, jsonFlag, UsageError, writeJson } from '../../command.ts';
import { untilStopped } from '../../stop-signal.ts';
import { runExamples } from './examples.ts';
import { reportToJson, reportToText } from './report.ts';
import { NODES, setUpStage } from './stage.ts';
import { ORDINARY_NAME } from './zones.ts';

/** The default listen address of the demo: a port that needs no privileges. */
const LISTEN: ListenAddress = { host: '127.0.0.1', port: 5300 };

/** Demonstrates the whole program on one machine. */
export const demo: Command = {
  name: 'demo',
  description: [
    `Starts a test DHT of ${NODES} nodes on loopback, generates two keys, publishes a zone with many kinds of records ` +
      'under each, and starts the resolver. It then queries some names, prints the answers with the dig commands to ' +
      'repeat them, and runs until it is interrupted.',
    `Nothing leaves this machine: queries for ordinary names go to a local stand-in that knows only ${ORDINARY_NAME}`,
  ],
  operands: [],
  flags: [
    {
      name: 'listen',
      value: 'ADDRESS:PORT',
      help: `Address to answer DNS on (default: ${listenAddressToText(LISTEN)})`,
    },
    { name: 'once', help: 'Exit after the answers, with code 0 if all are as expected, otherwise 1' },
    jsonFlag,
  ],
  settings: [],
  async run(invocation, terminal) {
    const text = invocation.value('listen');
    const listen = text === undefined ? LISTEN : parseListenAddress(text, LISTEN.port);
    if (listen === undefined) {
      throw new UsageError(
        `--listen: ${JSON.stringify(text)} is not valid; expected an IP address with or without a port, such as 127.0.0.1:5400.`,
      );
    }
    const stopped = untilStopped();
    const stage = await setUpStage(listen, terminal);
    try {
      const results = await runExamples(stage);
      const good = results.every(({ isExpected }) => isExpected);
      if (invocation.has('json')) writeJson(terminal, reportToJson(stage, results));
      else terminal.out(reportToText(stage, results));
      if (invocation.has('once')) return good ? Exit.OK : Exit.FAILED;
      terminal.err('Running. Press Ctrl-C to stop.\n');
      await stopped;
      return Exit.OK;
    } finally {
      await stage.close();
    }
  },
};
