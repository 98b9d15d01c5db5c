import { mapToJson } from '../../../src/cli/ask/map/map-json.ts';
import { installationToJson } from '../../../src/cli/system/install.ts';
import { outcomeToJson, undoneToJson } from '../../../src/cli/system/integrate-json.ts';
import { statusToJson } from '../../../src/cli/system/status-json.ts';
import { eventToJson } from '../../../src/cli/watch/event-text.ts';
import type { Step as InstallStep } from '../../../src/install/machine.ts';
import type { Undone } from '../../../src/integrate/apply.ts';
import type { Plan, Step } from '../../../src/integrate/plan/plan.ts';
import type { TimedFact } from '../../../src/way/fact.ts';
import { appStatus, forwarderStatus, upstreamStatus } from '../../support/app-status.ts';
import { aRecord, signedPacket, testKey } from '../../support/packets.ts';

const key = testKey(1);
const packet = signedPacket(key, 1_790_000_000, [aRecord(key.publicKey.text, '192.0.2.1')]);

/** Facts that need another machine: a name server at port 53, a link of a VPN, a packet that nobody confirms. */
const facts: readonly TimedFact[] = [
  { of: 'name-server', zone: 'a.example.', address: '192.0.2.53', text: 'answered', durationMs: 1, atMs: 2 },
  { of: 'upstreams', labels: ['192.0.2.53'], route: 'a.example.', link: 'vpn0', atMs: 2 },
  { of: 'zone', outcome: 'alias', target: 'a.example.', aliases: 1, atMs: 2 },
  { of: 'alias', from: 'a.example.', target: 'b.example.', atMs: 2 },
  { of: 'packet', key: key.publicKey.text, outcome: 'found', isStale: true, leftSeconds: 3, atMs: 2 },
  { of: 'cache', state: 'stale', ageSeconds: 30.1, leftSeconds: 1.234, atMs: 0 },
  {
    ...{ of: 'packet', key: key.publicKey.text, outcome: 'unreachable', place: 'nowhere', from: 'relay' },
    ...{ text: 'it did not answer', atMs: 4 },
    heard: {
      ...{ nodesAnswered: 1, relaysAnswered: 1, failed: 1, held: 1, heldOlder: 0, heldNothing: 1 },
      first: 'https://relay.example/',
    },
  },
];

const undone: Undone = {
  restored: ['/etc/resolv.conf'],
  kept: [
    { path: '/etc/a', copy: '/var/lib/pkarrd/a' },
    { path: '/etc/b', copy: undefined },
  ],
  problems: ['/etc/c cannot be written.'],
};

const linkRoute = { link: 'vpn0', domains: ['corp.example'], servers: ['192.0.2.53'] };

const steps: readonly Step[] = [
  { kind: 'file', path: '/etc/a', text: 'a\n', why: 'a is left alone' },
  { kind: 'link', path: '/etc/resolv.conf', target: '/run/a', why: 'a is asked' },
  { kind: 'run', call: { program: 'true', args: ['it is'], timeout: 1 }, why: 'a takes effect' },
];

const plan: Plan = {
  ...{ row: 'resolved', found: 'systemd-resolved 252', steps, undo: [], warnings: ['A note.'] },
  ...{ lostRoutes: [linkRoute], keptRoutes: [linkRoute], emptiesLinks: false },
};

const installSteps: readonly InstallStep[] = [
  { action: 'written', path: '/etc/systemd/system/pkarrd.service' },
  { action: 'ran', command: 'systemctl daemon-reload' },
];

/**
 * What commands write in situations that no test can bring about as a process: they change the machine, or need a bug or a
 * network that fails. By the command and the title of what is written.
 */
export const values: readonly (readonly [command: string, title: string, value: object])[] = [
  [
    'install',
    'Installed',
    installationToJson({
      ...{ manager: 'systemd', steps: installSteps, answers: true },
      ...{ noBrowsers: 'Another program has the port.', reopen: 'systemctl restart pkarrd.socket' },
    }),
  ],
  ['install', 'Installation failed', { error: 'It failed.', exitCode: 1, steps: installSteps }],
  ['uninstall', 'Uninstalled', { steps: installSteps, left: ['/etc/pkarrd'] }],
  ['integrate', 'Integration', outcomeToJson({ kind: 'declined', plan, steps })],
  [
    'integrate',
    'Integration',
    outcomeToJson({ kind: 'done', plan, steps, checks: [{ rule: 'so', problem: undefined }] }),
  ],
  [
    'integrate',
    'Integration failed',
    failed(outcomeToJson({ kind: 'unchanged', plan, checks: [{ rule: 'so', problem: 'It is not.' }] })),
  ],
  ['integrate', 'Integration failed', failed(outcomeToJson({ kind: 'declined', plan, steps }))],
  [
    'integrate',
    'Integration failed',
    failed(outcomeToJson({ kind: 'rolled-back', plan, reasons: ['It failed.'], undone })),
  ],
  [
    'integrate',
    'Integration failed',
    failed(
      outcomeToJson({
        kind: 'by-hand',
        noPlan: { row: 'openwrt', reason: 'It is OpenWrt', byHand: ['uci set a'] },
      }),
    ),
  ],
  ['integrate', 'Integration failed', failed(outcomeToJson({ kind: 'refused', reason: 'No.', plan }))],
  ['integrate', 'Undo', undoneToJson(undone)],
  ['integrate', 'Undo failed', failed(undoneToJson(undone))],
  [
    'resolve',
    'Not found',
    failed({
      details: 'a drawing',
      map: mapToJson({
        ...{ nodes: [], fartherHolders: 0, networkNodes: 12.3, newest: undefined },
        relays: [{ label: 'relay.example', says: 'failed', reason: 'it refuses connections' }],
      }),
    }),
  ],
  ['query', 'Left out', { dropped: 3 }],
  [
    'query',
    'Query',
    {
      ...{ date: new Date(0).toISOString(), client: '192.0.2.1', protocol: 'tls', name: '', type: '' },
      ...{ rcode: 'dropped', durationMs: 0, way: facts },
    },
  ],
  [
    'watch',
    'Event',
    eventToJson({ kind: 'fewer-nodes', packet, held: 1, heldBefore: 9, answered: 20, ageSeconds: 5 }),
  ],
  ['status', 'Status', { verdict: { level: 'bad', sentence: 'So.', notes: ['And so.'] }, ...statusOfAll() }],
  ['status', 'Status', { verdict: { level: 'bad', sentence: 'So.', notes: [] }, ...statusRefused() }],
];

function failed(rest: object): object {
  return { error: 'It failed.', exitCode: 1, ...rest };
}

/** A status in which everything is wrong that can be at once. */
function statusOfAll(): object {
  const lastFailure = { kind: 'timed-out', text: 'did not answer', agoMs: 12.345678 } as const;
  const status = appStatus({
    portNotPermitted: 53,
    forwarder: forwarderStatus(
      [upstreamStatus({ lastFailure, quirks: ['does not support EDNS'], lastWhy: 'best' })],
      {
        routes: [{ domain: 'corp.example.', upstreams: ['192.0.2.53'], link: 'vpn0' }],
        next: { label: '192.0.2.53', why: 'best' },
      },
    ),
    certificate: {
      ...{ names: ['localhost'], notAfter: 1_790_000_000_000, problem: 'It cannot be read.' },
      warnings: [{ text: 'It ends.', remedy: 'Make another.' }],
    },
    configuration: {
      ...{ state: 'accepted', file: '/etc/pkarrd/pkarrd.toml', acceptedAt: 1_790_000_000_000 },
      problems: [{ where: '/etc/pkarrd/pkarrd.toml:3', message: 'It is wrong.' }],
    },
    internalErrors: [{ kind: 'query', part: 'main', place: 'a.ts:3', count: 2, agoSeconds: 0.123456 }],
  });
  const { dht } = status;
  return {
    ...statusToJson({
      ...status,
      dht: dht && {
        ...dht,
        // As it comes through the socket.
        nodeId: '00'.repeat(20) as unknown as Uint8Array,
        ...{
          externalHost: '192.0.2.1',
          autoServing: 'trial',
          unsent: 'ENETUNREACH',
          nextSearchMs: 3,
          heardMs: 4,
        },
        ...{ sendErrors: { EPERM: 2 }, dropped: { short: 1 }, lastFault: 'Error: so' },
      },
    }),
    integrationProblems: ['/etc/resolv.conf was overwritten.'],
  };
}

/** A status without a DHT, whose port for browsers is taken. */
function statusRefused(): object {
  const holders = [{ pid: 4711, name: 'other' }];
  const http = { state: 'refused', address: '127.0.0.1:8053', code: 'EADDRINUSE', holders } as const;
  return statusToJson(appStatus({ dht: undefined, http }));
}
