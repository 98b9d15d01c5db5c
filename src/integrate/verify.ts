import { randomBytes } from 'node:crypto';
import { PROBE_ADDRESS, PROBE_LABEL } from '../resolve/special/probe.ts';
import { askResolved, askResolvedSetting } from '../system/links/resolved-links.ts';
import { isDone } from './changes/change-path.ts';
import { findResolvConf, RESOLV_CONF } from './facts/resolv-conf-file.ts';
import type { Machine } from './machine.ts';
import type { Plan } from './plan/plan.ts';

/** One check, as it came out. */
export interface Check {
  /** What is to be so: `"localhost" is this machine`. */
  readonly rule: string;
  /** Why it is not so, as a sentence; undefined when it is. */
  readonly problem: string | undefined;
}

/** The name whose look-up shows that ordinary names are found, unless another one is given. RFC 2606 §3 reserves it. */
export const ORDINARY_NAME = 'example.com';

/** Milliseconds for getent(1): libc gives up on a silent resolver after 10 s. */
const GETENT_TIMEOUT = 12_000;

/** Milliseconds that a machine has after the change: links ask for their address again, which takes some seconds. */
const SETTLE_TIME = 30_000;
/** Milliseconds between two tries. */
const TRY_EVERY = 500;

/** What is checked. */
export interface VerifyOptions {
  readonly plan: Plan;
  /** A name that was found before the change; undefined when none was, as without a network. */
  readonly ordinaryName: string | undefined;
  /** Whether something was changed just now: then the machine has some seconds to come to rest. */
  readonly isFresh: boolean;
  /** Domains of which the running program knows who is to be asked; undefined when they may be lost. */
  readonly routedDomains: (() => Promise<readonly string[]>) | undefined;
}

/** Checks how programs of this machine find names now. Once `stop` aborts, it ends at once, and what it returns means nothing. */
export async function verify(
  machine: Machine,
  options: VerifyOptions,
  stop?: AbortSignal,
): Promise<readonly Check[]> {
  let checks: readonly Check[] = [];
  const settleTime = options.isFresh ? SETTLE_TIME : 0;
  for (let waited = 0; waited <= settleTime; waited += TRY_EVERY) {
    if (waited > 0) await machine.pause(TRY_EVERY);
    if (stop?.aborted) break;
    checks = await verifyOnce(machine, options);
    if (checks.every(({ problem }) => problem === undefined)) break;
  }
  return checks;
}

/** The program that shows what others find is not there. One sentence, with what to do. */
export class GetentMissingError extends Error {
  override readonly name = 'GetentMissingError';
}

/**
 * Addresses of a name as every program of the machine finds them. Empty when there are none, or it takes too long.
 * @throws GetentMissingError
 */
export async function addressesOf(machine: Machine, name: string): Promise<readonly string[]> {
  const { out, problem } = await machine.run({
    program: 'getent',
    args: ['ahosts', name],
    timeout: GETENT_TIMEOUT,
  });
  if (problem === 'is not installed')
    throw new GetentMissingError(
      'The program getent is not installed, which shows what programs find. Install it (Debian: libc-bin, Alpine: musl-utils).',
    );
  return [...new Set(out.split('\n').flatMap((line) => line.split(/\s+/)[0] || []))];
}

async function verifyOnce(
  machine: Machine,
  { plan, ordinaryName, routedDomains }: VerifyOptions,
): Promise<readonly Check[]> {
  // A name that nobody has asked for shows what happens now.
  const fresh = `${randomBytes(6).toString('hex')}.${PROBE_LABEL}`;
  return await Promise.all([
    check('"localhost" is this machine', async () => {
      const found = await addressesOf(machine, 'localhost');
      return found.some((address) => address === '127.0.0.1' || address === '::1')
        ? undefined
        : toText(found);
    }),
    check('a key is looked up by pkarrd', () => probe(machine, PROBE_LABEL)),
    check('a name below a key is looked up by pkarrd', () => probe(machine, fresh)),
    ...(ordinaryName === undefined
      ? []
      : [
          check(`"${ordinaryName}" is found, as before`, async () => {
            const found = await addressesOf(machine, ordinaryName);
            return found.length > 0 ? undefined : toText(found);
          }),
        ]),
    ...plan.steps.flatMap((step) =>
      step.kind === 'run'
        ? []
        : [
            check(`${step.path} stays as it was written`, async () =>
              (await isDone(machine, step)) ? undefined : 'another program has changed it',
            ),
          ],
    ),
    ...routeChecks(plan, routedDomains),
    ...resolvconfCheck(machine, plan),
    ...resolvedChecks(machine, plan),
  ]);
}

async function probe(machine: Machine, name: string): Promise<string | undefined> {
  const found = await addressesOf(machine, name);
  return found.length === 1 && found[0] === PROBE_ADDRESS ? undefined : toText(found);
}

function routeChecks({ keptRoutes }: Plan, routedDomains: VerifyOptions['routedDomains']) {
  if (routedDomains === undefined) return [];
  return keptRoutes.map(({ link, domains }) =>
    check(`names in ${domains.join(', ')} are asked of ${link}`, async () => {
      const known = await routedDomains();
      const lost = domains.filter((domain) => !known.includes(domain));
      return lost.length === 0
        ? undefined
        : `pkarrd does not know who is to be asked for ${lost.join(', ')}; give --lose-split-dns to go on without`;
    }),
  );
}

/** Where resolvconf writes the file, it names us alone: a second resolver would be asked for keys whenever we are slow. */
function resolvconfCheck(machine: Machine, { row }: Plan) {
  if (row !== 'debian-resolvconf' && row !== 'openresolv') return [];
  return [
    check(`${RESOLV_CONF} names pkarrd alone`, async () => {
      const { servers } = await findResolvConf(machine);
      return servers.join() === '127.0.0.1' ? undefined : `it names ${servers.join(', ') || 'nobody'}`;
    }),
  ];
}

function resolvedChecks(machine: Machine, { row, emptiesLinks }: Plan) {
  if (!/resolved$/.test(row)) return [];
  const global = check('systemd-resolved asks pkarrd alone', async () => {
    const found = await askResolved(machine.run);
    if (found === undefined) return 'it did not say within a second';
    const { globalServers, links } = found;
    if (globalServers.join() !== '127.0.0.1') return `its configuration names ${globalServers.join(', ')}`;
    const full = links.filter(({ servers }) => servers.length > 0);
    if (!emptiesLinks || full.length === 0) return undefined;
    return full.map(({ name, servers }) => `${name} has ${servers.join(', ')}`).join('; ');
  });
  const llmnr = check('nobody on the link is asked (LLMNR)', async () => {
    const value = (await askResolvedSetting(machine.run, 'llmnr'))?.get('Global')?.[0];
    return value === 'no' ? undefined : `systemd-resolved says ${value ?? 'nothing'}`;
  });
  return [global, llmnr];
}

async function check(rule: string, work: () => Promise<string | undefined>): Promise<Check> {
  return { rule, problem: await work() };
}

function toText(addresses: readonly string[]): string {
  return addresses.length === 0 ? 'no address is found' : `the addresses are ${addresses.join(', ')}`;
}
