import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { LookUpStep } from '../../src/page/look-up/step.ts';
import { type AppScene, startAppScene } from '../support/app-scene.ts';
import { askUdp, query } from '../support/dns-client.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';

const [published, unpublished, asked] = [testKey(51), testKey(52), testKey(53)];
const now = Math.floor(Date.now() / 1000);

/** The address of its page, without a slash at the end. */
async function pageOf({ app }: AppScene): Promise<string> {
  const { http } = await app.status();
  assert.ok(http.state === 'waiting' || http.state === 'running');
  return `http://${http.addresses[0]}`;
}

describe('the page of the whole program', () => {
  let scene: AppScene;
  let url = '';

  before(async () => {
    scene = await startAppScene({ settings: { http: [{ host: '127.0.0.1', port: 0 }] } });
    url = await pageOf(scene);
    await scene.put(signedPacket(published, now, [aRecord(`www.${published.publicKey}`, '192.0.2.7')]));
  });
  after(() => scene.close());

  const stepsOf = async (name: string): Promise<readonly LookUpStep[]> => {
    const response = await fetch(`${url}/lookup/steps?${new URLSearchParams({ name })}`);
    return (await response.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
  };

  test('a look-up tells of every node, the packet, and what the resolver answers, with one lookup in the DHT', async () => {
    const { lookupsStarted } = (await scene.app.status()).packets;
    const steps = await stepsOf(`www.${published.publicKey}`);
    const kinds = steps.map(({ kind }) => kind);
    for (const kind of ['question', 'place', 'packet', 'network', 'answer'] as const)
      assert.equal(kinds.filter((one) => one === kind).length, 1, kind);
    const said = steps.flatMap((step) => (step.kind === 'asked' ? step.asked.said : []));
    assert.ok(said.filter((one) => one === 'item').length >= 8, `${said}`);
    const answer = steps.find((step) => step.kind === 'answer')?.answer;
    assert.match(answer?.text ?? '', /192\.0\.2\.7/);
    assert.equal(answer?.source, 'dht');
    assert.deepEqual(
      steps.find((step) => step.kind === 'place'),
      { kind: 'place', place: 'nowhere' },
    );
    assert.equal((await scene.app.status()).packets.lookupsStarted, lookupsStarted + 1);
  });

  test('a key without a packet is told as one', async () => {
    const steps = await stepsOf(unpublished.publicKey.text);
    assert.equal(steps.find((step) => step.kind === 'network')?.network.outcome, 'absent');
    assert.equal(steps.find((step) => step.kind === 'answer')?.answer.rcode, 'NXDOMAIN');
  });

  test('no name that somebody asked for, and no client, is in the figures', async () => {
    for (const name of [`secret.${asked.publicKey}`, 'secret.example.com'])
      await askUdp(scene.server, query(name));
    const text = await (await fetch(`${url}/`)).text();
    for (const private_ of ['secret', asked.publicKey.text, published.publicKey.text])
      assert.ok(!text.includes(private_), private_);
    assert.match(text, /upstream resolvers/);
  });
});

test('keys that are looked up on the page count as those of clients of DNS, of which there are so many a second', async () => {
  const scene = await startAppScene({
    settings: { http: [{ host: '127.0.0.1', port: 0 }], coldKeyRate: 1 },
  });
  try {
    const url = await pageOf(scene);
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const response = await fetch(`${url}/lookup/steps?name=${testKey(60 + index).publicKey}`);
        return /"outcome":"(\w+)"/.exec(await response.text())?.[1] ?? 'none';
      }),
    );
    assert.ok(outcomes.includes('absent'), `${outcomes}`);
    assert.ok(outcomes.includes('busy'), `${outcomes}`);
  } finally {
    await scene.close();
  }
});
