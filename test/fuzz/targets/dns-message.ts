import assert from 'node:assert/strict';
import { isMetaType, typeToText } from '../../../src/dns/codes.ts';
import { decodeMessage, encodeMessage } from '../../../src/dns/message.ts';
import { Name } from '../../../src/dns/name.ts';
import { rdataToText, recordToText } from '../../../src/dns/presentation/rdata-text.ts';
import type { ResourceRecord } from '../../../src/dns/record.ts';
import { WireError } from '../../../src/dns/wire-error.ts';
import { parseZoneFile } from '../../../src/pkarr/zone/file/zone-file.ts';
import { dnsMessage, labels } from '../dns-bytes.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { FuzzTarget } from '../target.ts';

const zone = Name.parse('zone.');

/** Decoding throws its own error or gives a message that survives another encoding, and every record can be printed. */
export const dnsMessages: FuzzTarget = {
  name: 'dns-message',
  run(random) {
    const shape = {
      id: random.int(0x10000),
      flags: random.int(0x10000),
      question: labels(random, ['example']),
      type: random.int(300),
      zone: ['example'],
      records: 6,
    };
    const octets = mutate(dnsMessage(shape, random), random);
    try {
      const message = decodeMessage(octets);
      for (const section of ['answers', 'authorities', 'additionals'] as const)
        for (const record of message[section]) checkText(record, random);
      const again = encodeMessage(message);
      assert.equal(Buffer.compare(encodeMessage(decodeMessage(again)), again), 0);
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
    }
  },
};

/** What is printed is one line of ASCII, and read again it is the same RDATA. Not of every record: reading takes longer. */
function checkText(record: ResourceRecord, random: Random): void {
  assert.match(recordToText(record), /^[ -~]+$/);
  const { type, rdata } = record;
  if (random.chance(0.8) || isMetaType(type) || rdata.length === 0) return;
  const text = `a ${typeToText(type)} ${rdataToText(type, rdata)}`;
  assert.deepEqual(parseZoneFile(text, { origin: zone }).records[0]?.rdata, rdata, text);
}
