import type { PastPacketText } from '../../control/open-control.ts';
import { recordChanges } from '../../pkarr/record-changes.ts';
import { SignedPacket } from '../../pkarr/signed-packet.ts';
import { ageToText, timestampToText } from '../../pkarr/timestamp-text.ts';
import { recordToJson } from '../ask/record-json.ts';
import { type Command, CommandError, configFlag, Exit, jsonFlag, writeJson } from '../command.ts';
import { withoutPetname } from '../petname.ts';
import { parsePkarrName } from '../pkarr-name.ts';
import { askRunning } from '../system/ask-program.ts';

/** Shows the last packets of a key that the running program saw. */
export const history: Command = {
  name: 'history',
  description: [
    'Shows the last packets of a key that the running pkarrd saw, the newest first: when each was signed and first seen, and ' +
      'by which records it differs from the one before. It keeps the last eight packets of keys that it publishes or keeps, ' +
      'that have a name ("pkarrd name"), or that were watched in the last 30 days ("pkarrd watch").',
    'The exit code is 1 if it has none.',
  ],
  operands: [{ name: 'KEY' }],
  flags: [configFlag, jsonFlag],
  settings: ['stateDir'],
  async run(invocation, terminal) {
    const [given = ''] = invocation.operands;
    const { key } = parsePkarrName(await withoutPetname(given, invocation, terminal));
    const reply = (await askRunning(invocation, terminal, [
      'history',
      key.text,
    ])) as readonly PastPacketText[];
    const packets = reply.flatMap(({ packet: base64, firstSeen }) => {
      const verdict = SignedPacket.fromBytes(Buffer.from(base64, 'base64'));
      return verdict.ok ? [{ packet: verdict.packet, firstSeen }] : [];
    });
    if (packets.length === 0)
      throw new CommandError(
        `There is no history of ${key}. It begins with the packet that is there when the key is published, gets a name, or is watched: pkarrd watch ${key}`,
      );
    const withChanges = packets.map(({ packet, firstSeen }, index) => ({
      ...{ packet, firstSeen },
      ...recordChanges(packets[index + 1]?.packet, packet),
    }));
    if (invocation.has('json')) {
      writeJson(terminal, {
        key: key.text,
        packets: withChanges.map(({ packet, firstSeen, added, removed }) => ({
          timestamp: String(packet.timestamp),
          date: timestampToText(packet.timestamp),
          firstSeen: new Date(firstSeen).toISOString(),
          bytes: packet.size,
          ...{ added, removed },
          records: packet.records.map(recordToJson),
          packet: Buffer.from(packet.toBytes()).toString('hex'),
        })),
      });
      return Exit.OK;
    }
    for (const { packet, firstSeen, added, removed } of withChanges) {
      const age = ageToText(packet.timestamp, terminal.now());
      terminal.out(`; signed ${timestampToText(packet.timestamp)} (${age}), ${packet.size} bytes\n`);
      terminal.out(`; first seen here ${new Date(firstSeen).toISOString()}\n`);
      for (const line of removed) terminal.out(`- ${line}\n`);
      for (const line of added) terminal.out(`+ ${line}\n`);
      if (added.length + removed.length === 0) terminal.out('; the same records\n');
    }
    return Exit.OK;
  },
};
