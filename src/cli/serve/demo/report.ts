import { listenAddressToText } from '../../../config/listen-address.ts';
import type { Example, Result } from './examples.ts';
import type { Stage } from './stage.ts';
import type { SiteVisit } from './visit-site.ts';
import { ORDINARY_NAME } from './zones.ts';

function digLine({ address: { host, port } }: Stage, { name, type }: Example): string {
  return `dig @${host} -p ${port} ${name} ${type}`;
}

/** The site of the first key, opened at the gateway. */
export interface SiteResult extends SiteVisit {
  readonly url: string;
  /** Why there was no answer at all; its status is 0 then. */
  readonly problem?: string;
  readonly isExpected: boolean;
}

/** The results as JSON. */
export function reportToJson(stage: Stage, results: readonly Result[], site: SiteResult | undefined) {
  const { first, second, address, bootstrap } = stage;
  const page = pageUrl(stage);
  return {
    address: listenAddressToText(address),
    ...(bootstrap && { bootstrap: `${bootstrap.host}:${bootstrap.port}` }),
    keys: [first.publicKey.text, second.publicKey.text],
    results: results.map((result) => resultToJson(result, digLine(stage, result))),
    ...(site && { site: siteToJson(site) }),
    ...(page !== undefined && { page }),
  };
}

function resultToJson(result: Result, dig: string) {
  const { what, name, type, expect, answers, rcode, transport, milliseconds, isExpected } = result;
  return {
    ...{ what, name, type, expect, rcode, data: answers, protocol: transport, durationMs: milliseconds },
    ...{ isExpected, dig },
  };
}

function siteToJson({ url, status, site, milliseconds, isExpected }: SiteResult) {
  return {
    ...{ url, status, durationMs: milliseconds, isExpected },
    ...(site !== undefined && { verification: site }),
  };
}

/** The results as text, with a dig command for each. */
export function reportToText(stage: Stage, results: readonly Result[], site: SiteResult | undefined): string {
  const { first, second, address, bootstrap } = stage;
  const short = (text: string) =>
    text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text;
  const shown = ({ answers, expect, rcode }: Result) => {
    if (answers.length === 0) return [expect === 'NODATA' && rcode === 'NOERROR' ? 'NODATA' : rcode];
    return answers.length > 4 ? [`${answers.length} records`] : answers.map(short);
  };
  const node = bootstrap === undefined ? '' : `${bootstrap.host}:${bootstrap.port}`;
  return [
    `The resolver answers on ${listenAddressToText(address)}, UDP and TCP.`,
    `A node of the test DHT is ${node}; try: pkarrd resolve ${first.publicKey} --bootstrap ${node}`,
    `Queries for ordinary names go to a local stand-in that knows only ${ORDINARY_NAME}`,
    '',
    `First key   ${first.publicKey}`,
    `Second key  ${second.publicKey}`,
    '',
    ...results.flatMap((result) => [
      `${result.what}${result.isExpected ? '' : ` (UNEXPECTED: ${result.rcode})`}`,
      `  $ ${digLine(stage, result)}`,
      ...shown(result).map((line) => `  ${line}`),
      `  (${result.milliseconds} ms, ${result.transport === 'tcp' ? 'over TCP, because the answer over UDP was truncated' : 'over UDP'})`,
      '',
    ]),
    ...siteToText(site),
    ...pageToText(pageUrl(stage)),
  ].join('\n');
}

/** Where a browser sees how the resolver does, and looks names up. */
function pageUrl({ gateway }: Stage): string | undefined {
  return gateway && `http://localhost:${gateway.port}/`;
}

function pageToText(url: string | undefined): readonly string[] {
  return url === undefined
    ? []
    : ['what the resolver does, and any name looked up step by step', `  ${url}`, ''];
}

/** Last, where it is seen while the demo runs. */
function siteToText(site: SiteResult | undefined): readonly string[] {
  if (site === undefined)
    return ['The gateway could not listen, so no browser can open the site of the first key.', ''];
  const { url, isExpected, problem, status, milliseconds } = site;
  return [
    `a site, in any browser on this machine${isExpected ? '' : ` (UNEXPECTED: ${problem ?? status})`}`,
    `  ${url}`,
    ...(isExpected ? ['  its certificate is that of the key'] : []),
    `  (${milliseconds} ms)`,
    '',
  ];
}
