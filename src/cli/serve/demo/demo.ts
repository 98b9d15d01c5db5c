import { untilAborted } from '../../../async/until-aborted.ts';
import {
  type ListenAddress,
  listenAddressToText,
  parseListenAddress,
} from '../../../config/listen-address.ts';
import { type Command, Exit, jsonFlag, UsageError, writeJson } from '../../command.ts';
import { abortedOnStop } from '../../stop-signal.ts';
import { requireLoopback } from '../require-loopback.ts';
import { runExamples } from './examples.ts';
import { failureText } from './failure-text.ts';
import { NODES } from './nodes.ts';
import { reportToJson, reportToText, type SiteResult } from './report.ts';
import { type Stage, setUpStage } from './stage.ts';
import { visitSite } from './visit-site.ts';
import { ORDINARY_NAME } from './zones.ts';

/** The default listen address of the demo: a port that needs no privileges. */
const LISTEN: ListenAddress = { host: '127.0.0.1', port: 5300 };

/** Demonstrates the whole program on one machine. */
export const demo: Command = {
  name: 'demo',
  description: [
    `Starts a test DHT of ${NODES} nodes on loopback, generates two keys, publishes a zone with many kinds of records ` +
      'under each, a site under the first, and starts the resolver. It then queries some names, prints the answers with the ' +
      'dig commands to repeat them and the addresses for a browser, of the site and of the page of the resolver, and runs until it is ' +
      'interrupted.',
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
    const stop = abortedOnStop();
    requireLoopback();
    const stage = await setUpStage(listen, terminal, stop);
    try {
      const results = await runExamples(stage, stop);
      const site = await openSite(stage, stop);
      const good = results.every(({ isExpected }) => isExpected) && site?.isExpected === true;
      if (invocation.has('json')) writeJson(terminal, reportToJson(stage, results, site));
      else terminal.out(reportToText(stage, results, site));
      if (invocation.has('once')) return good ? Exit.OK : Exit.FAILED;
      terminal.err('Running. Press Ctrl-C to stop.\n');
      await untilAborted(stop);
      return Exit.OK;
    } finally {
      await stage.close();
    }
  },
};

/** Opens the site of the first key at the gateway, which must have compared its certificate with the key. */
async function openSite({ gateway, first }: Stage, stop: AbortSignal): Promise<SiteResult | undefined> {
  if (gateway === undefined) return undefined;
  const key = first.publicKey.text;
  const url = `http://${key}.localhost:${gateway.port}/`;
  const startedAt = performance.now();
  const visit = await visitSite(gateway, key, stop).catch((error: unknown) => {
    stop.throwIfAborted();
    const milliseconds = Math.round(performance.now() - startedAt);
    return { problem: failureText(error), status: 0, site: undefined, milliseconds };
  });
  return {
    ...visit,
    url,
    isExpected: visit.status === 200 && visit.site === `verified; key=${key}`,
  };
}
