import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AppStatus } from '../../../src/app/status.ts';
import { statusSentence } from '../../../src/app/supervision/status-sentence.ts';
import type { UpstreamState } from '../../../src/forward/choice/health.ts';

/** Of a program with such upstreams and so many nodes, as far as the sentence needs it. */
function sentence(
  {
    states = ['alive', 'alive'],
    nodes = 127,
    ...more
  }: { states?: UpstreamState[]; nodes?: number | null } & Partial<AppStatus>,
  hosts: readonly string[] = ['127.0.0.1'],
  notes: readonly string[] = [],
): string {
  const upstreams = states.map((state) => ({ state }));
  const status = {
    forwarder: { upstreams },
    dht: nodes === null ? undefined : { nodes },
    portalIsLikely: false,
    ...more,
  } as unknown as AppStatus;
  return statusSentence({ addresses: hosts.map((host) => ({ host, port: 53 })) }, status, notes);
}

test('the state is one sentence of where, upstreams and nodes', () => {
  assert.equal(sentence({}), 'Answering on 127.0.0.1:53; 2 upstreams; the DHT knows 120 nodes.');
  assert.equal(
    sentence({ states: ['new'], nodes: 99 }, ['127.0.0.1', '::1']),
    'Answering on 127.0.0.1:53 and [::1]:53; 1 upstream; the DHT knows 99 nodes.',
  );
  assert.equal(
    sentence({ states: [], nodes: null }, []),
    'Waiting for an address to listen on; no upstreams; the DHT is not started.',
  );
  const many = ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6'];
  assert.match(sentence({}, many), /^Answering on 10\.0\.0\.1:53, .*, 10\.0\.0\.4:53 and 2 more; /);
});

test('it says what is wrong', () => {
  assert.match(sentence({ states: ['dead'] }), /; the upstream does not answer; /);
  assert.match(sentence({ states: ['dead', 'alive'] }), /; 1 of 2 upstreams answer; /);
  assert.match(
    sentence({ states: ['dead', 'dead'], nodes: 0 }),
    /; none of 2 upstreams answers; the DHT is not reached\.$/,
  );
  assert.match(
    sentence({ portalIsLikely: true, workers: { running: [], wanted: 2, restarts: 1 } }),
    /; 0 of 2 workers run; a captive portal is likely\.$/,
  );
  assert.match(
    sentence({}, ['127.0.0.1'], ['The configuration is broken.']),
    /^The configuration is broken\. Answering on /,
  );
});
