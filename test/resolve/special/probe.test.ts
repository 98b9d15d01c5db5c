import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Name } from '../../../src/dns/name.ts';
import { classifyLabel } from '../../../src/pkarr/public-key.ts';
import { createRouter } from '../../../src/resolve/router.ts';
import { PROBE_ADDRESS, PROBE_LABEL } from '../../../src/resolve/special/probe.ts';
import { answerSuffixes } from '../../../src/resolve/special/suffix.ts';
import { layered, queryFor, toLines } from '../layers.ts';

const nobody = { resolve: () => Promise.reject(new Error('somebody was asked')) };
const router = createRouter({ pkarr: nobody, ordinary: nobody, negativeTtl: 60 });

test('the probe name looks like a key, and nobody can own it', () => {
  const found = classifyLabel(PROBE_LABEL);
  assert.deepEqual(found, { kind: 'refused', reason: 'not-on-curve', text: PROBE_LABEL });
});

test('the probe name and names below it are answered by us alone, for no time, in any case of letters', async () => {
  const { ask } = layered(() => router);
  for (const name of [PROBE_LABEL, `www.${PROBE_LABEL}`, `a.b.${PROBE_LABEL.toUpperCase()}`]) {
    assert.deepEqual(toLines(await ask(queryFor(name))), ['NOERROR', `${name}. 0 IN A ${PROBE_ADDRESS}`]);
    assert.deepEqual(toLines(await ask(queryFor(name, 'AAAA'))), [
      'NOERROR',
      `SOA of ${PROBE_LABEL}. for 0 s`,
    ]);
  }
});

test('the probe name has its address under a suffix too', async () => {
  const suffixed = answerSuffixes([Name.parse('key')])(router);
  const answer = await layered(() => suffixed).ask(queryFor(`www.${PROBE_LABEL}.key`));
  assert.deepEqual(toLines(answer), ['NOERROR', `www.${PROBE_LABEL}.key. 0 IN A ${PROBE_ADDRESS}`]);
});
