import { askProgram } from '../../control/client.ts';
import { ControlError } from '../../control/socket.ts';
import type { SignedPacket } from '../../pkarr/signed-packet.ts';

/** Milliseconds for a running program to take a packet. What was published is in the network anyway. */
const PATIENCE = 1_000;

/**
 * Gives a packet that was just published to each running program that may be asked, so that its clients see it at once. When
 * none runs, or it does not take it, the packet is found like any other: that is no error.
 */
export async function handOver(packet: SignedPacket, directories: readonly string[]): Promise<void> {
  const words = ['learn', Buffer.from(packet.toBytes()).toString('base64')];
  await Promise.all(
    directories.map(async (directory) => {
      try {
        await askProgram([directory], words, { sockets: ['control', 'status'], timeout: PATIENCE });
      } catch (error) {
        if (!(error instanceof ControlError)) throw error;
      }
    }),
  );
}
