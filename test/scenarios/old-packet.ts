import { randomBytes } from 'node:crypto';
import { silentLog } from '../../src/observe/log.ts';
import type { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { openPacketStore } from '../../src/store/open-packet-store.ts';

/** Leaves a packet in a state directory as a program does that saw it last `seconds` ago. */
export async function leavePacket(directory: string, packet: SignedPacket, seconds: number): Promise<void> {
  const nowWall = () => Date.now() - seconds * 1000;
  const now = () => performance.now();
  const store = await openPacketStore({
    directory,
    maxBytes: 1 << 20,
    log: silentLog,
    now,
    nowWall,
    randomBytes,
  });
  await store.put(packet, nowWall(), 'written');
  await store.close();
}
