import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planPublication, type Remembered, type ZoneNow } from '../../src/publish/plan.ts';
import { aRecord, signedPacket, testKey } from '../support/packets.ts';

const keyPair = testKey(41);
const packetAt = (seconds: number, last: number) =>
  signedPacket(keyPair, seconds, [aRecord(keyPair.publicKey.text, `192.0.2.${last}`)]);
const zone = (last: number, parts: Partial<ZoneNow> = {}): ZoneNow => ({
  message: packetAt(1, last).message,
  fingerprint: `file ${last}`,
  changedAt: 100_000_000n,
  isIncomplete: false,
  ...parts,
});
const ours = (seconds: number, last: number, parts: Partial<Remembered> = {}): Remembered => ({
  packet: packetAt(seconds, last),
  fingerprint: `file ${last}`,
  isAdopted: false,
  ...parts,
});

const cases: readonly (readonly [
  rule: string,
  zone: ZoneNow,
  remembered: Remembered | undefined,
  network: ReturnType<typeof packetAt> | undefined,
  expected: string,
])[] = [
  ['nothing anywhere: the zone is signed', zone(1), undefined, undefined, 'sign'],
  ['the network says the same: its packet is put again', zone(1), undefined, packetAt(50, 1), 'repeat 50'],
  ['first run, the file is newer than the packet: it is signed', zone(1), undefined, packetAt(99, 2), 'sign'],
  ['first run, the packet is newer: it is adopted', zone(1), undefined, packetAt(101, 2), 'adopt 101'],
  [
    'a zone without a date counts as older than what was published elsewhere: that is adopted',
    zone(1, { changedAt: undefined }),
    undefined,
    packetAt(99, 2),
    'adopt 99',
  ],
  [
    'a zone without a date follows what we published last: it is signed',
    zone(3, { changedAt: undefined }),
    ours(50, 1),
    packetAt(50, 1),
    'sign',
  ],
  [
    'a zone without a date, and a newer one from elsewhere than ours: that is adopted',
    zone(3, { changedAt: undefined }),
    ours(50, 1),
    packetAt(60, 2),
    'adopt 60',
  ],
  ['the network lost ours: it is put again', zone(1), ours(50, 1), undefined, 'repeat 50'],
  ['the network has an older one: ours is put again', zone(1), ours(50, 1), packetAt(40, 2), 'repeat 50'],
  ['a newer one from elsewhere: it is adopted', zone(1), ours(50, 1), packetAt(60, 2), 'adopt 60'],
  [
    'the file changed, and after that another was published elsewhere: it is adopted',
    zone(3, { changedAt: 55_000_000n }),
    ours(50, 1),
    packetAt(60, 2),
    'adopt 60',
  ],
  [
    'another was published elsewhere, and after that the file changed: it is signed',
    zone(3),
    ours(50, 1),
    packetAt(60, 2),
    'sign',
  ],
  [
    'adopted, and it stays until the file changes',
    zone(1),
    ours(60, 2, { fingerprint: 'file 1', isAdopted: true }),
    packetAt(60, 2),
    'adopt 60',
  ],
  [
    'adopted, and the file changed',
    zone(3),
    ours(60, 2, { fingerprint: 'file 1', isAdopted: true }),
    packetAt(60, 2),
    'sign',
  ],
  [
    'the file changed while the clock stood before the packet',
    zone(3, { changedAt: 1n }),
    ours(50, 1),
    packetAt(50, 1),
    'sign',
  ],
  [
    'an address in the zone changed',
    zone(3, { fingerprint: 'file 1' }),
    ours(50, 1),
    packetAt(50, 1),
    'sign',
  ],
  [
    'an address in the zone is not known: the last one stays',
    zone(3, { fingerprint: 'file 1', isIncomplete: true }),
    ours(50, 1),
    undefined,
    'repeat 50',
  ],
];

for (const [rule, now, remembered, network, expected] of cases) {
  test(`which counts, zone file or packet: ${rule}`, () => {
    const plan = planPublication(now, remembered, network);
    const text =
      plan.kind === 'sign'
        ? 'sign'
        : `${plan.isAdopted ? 'adopt' : 'repeat'} ${plan.packet.timestamp / 1_000_000n}`;
    assert.equal(text, expected);
  });
}
