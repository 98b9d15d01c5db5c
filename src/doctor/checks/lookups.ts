import { randomBytes } from 'node:crypto';
import { addressesOf, ORDINARY_NAME } from '../../integrate/verify.ts';
import { PROBE_ADDRESS, PROBE_LABEL } from '../../resolve/special/probe.ts';
import type { CheckParts } from '../check-parts.ts';
import { type Finding, failure, fine, warning } from '../finding.ts';

/** The name that tells browsers to leave the choice of resolver to the system. */
const CANARY = 'use-application-dns.net';

/** What programs of this machine find, by getent(1): whether it is us that they reach, for each form of name. */
export async function examineLookups({ machine, facts }: CheckParts): Promise<readonly Finding[]> {
  const remedy =
    facts.answering === 'pkarrd'
      ? 'Run "pkarrd integrate".'
      : 'pkarrd has to answer on 127.0.0.1 first. Then run "pkarrd integrate".';
  // Names that nobody has asked for show what happens now.
  const fresh = `${randomBytes(6).toString('hex')}.${PROBE_LABEL}`;
  const keys: readonly (readonly [string, string])[] = [
    ['a key (KEY)', PROBE_LABEL],
    ['a name below a key (www.KEY)', fresh],
    ['a key with a final dot (KEY.)', `${PROBE_LABEL}.`],
  ];
  const [ordinary, canary, ...found] = await Promise.all([
    addressesOf(machine, ORDINARY_NAME),
    addressesOf(machine, CANARY),
    ...keys.map(([, name]) => addressesOf(machine, name)),
  ]);
  return [
    ...keys.map(([what], index) => keyFinding(what, found[index] ?? [], remedy)),
    ordinaryFinding(ordinary),
    ...browserFinding(canary, found[0] ?? []),
  ];
}

function keyFinding(what: string, found: readonly string[], remedy: string): Finding {
  const topic = 'look-ups';
  if (found.length === 1 && found[0] === PROBE_ADDRESS)
    return fine(topic, `Programs reach pkarrd with ${what}.`);
  return found.length === 0
    ? failure(topic, `Programs find nothing for ${what}: the system does not ask pkarrd.`, remedy)
    : failure(
        topic,
        `Somebody else than pkarrd answers ${what} with ${found.join(', ')}, and so learns keys.`,
        remedy,
      );
}

function ordinaryFinding(found: readonly string[]): Finding {
  return found.length > 0
    ? fine('look-ups', `Programs find ordinary names (${ORDINARY_NAME}).`)
    : failure(
        'look-ups',
        `Programs find no address of ${ORDINARY_NAME}.`,
        'Is there a network? Then "pkarrd status" says how the upstreams do.',
      );
}

/** Only when programs reach us: otherwise that has to be mended first. */
function browserFinding(canary: readonly string[], key: readonly string[]): readonly Finding[] {
  if (key[0] !== PROBE_ADDRESS) return [];
  return canary.length === 0
    ? [
        fine(
          'browsers',
          'Firefox is told to ask the system for names, unless somebody chose otherwise in it.',
        ),
      ]
    : [
        warning(
          'browsers',
          `${CANARY} has an address, so Firefox may use a resolver of its own, which knows no keys.`,
          'Turn off "DNS over HTTPS" in its settings.',
        ),
      ];
}
