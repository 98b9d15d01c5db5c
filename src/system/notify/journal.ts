import { connectedSender, pathSender, type SendDatagram } from './datagram-sender.ts';

/** The socket of the native protocol, the same on every system with a journal. */
const JOURNAL_SOCKET = '/run/systemd/journal/socket';

/** Entries that wait for a journal that hangs; further ones go to standard error. */
const MAX_WAITING = 1_000;

/** The journal of systemd, which takes entries with fields. */
export interface Journal {
  /**
   * Writes an entry, in the order of the calls. `otherwise` is called when it cannot be written: it must not be lost, and is
   * written twice rather than never when the process exits.
   */
  write(entry: Uint8Array, otherwise: () => void): void;
}

/**
 * The journal, when it can be written to: through the descriptor of `OpenFile=` or, on Bun, at its socket, if `isWanted` because
 * standard error goes there anyway. Otherwise undefined: then lines with a priority are all that can be had.
 */
export async function openJournal(
  descriptor: number | undefined,
  isWanted: boolean,
  path: string = JOURNAL_SOCKET,
): Promise<Journal | undefined> {
  if (descriptor !== undefined) return journal(connectedSender(descriptor));
  const send = isWanted ? await pathSender(path) : undefined;
  return send && journal(send);
}

function journal(send: SendDatagram): Journal {
  interface Entry {
    readonly octets: Uint8Array;
    readonly otherwise: () => void;
  }
  /** The first one is on its way. */
  const waiting: Entry[] = [];
  const drain = async () => {
    for (let entry = waiting[0]; entry !== undefined; entry = waiting[0]) {
      const { octets, otherwise } = entry;
      await send(octets).catch(otherwise);
      waiting.shift();
    }
  };
  process.once('exit', () => {
    for (const { otherwise } of waiting) otherwise();
  });
  return {
    write(octets, otherwise) {
      if (waiting.length >= MAX_WAITING) {
        otherwise();
        return;
      }
      waiting.push({ octets, otherwise });
      if (waiting.length === 1) drain().catch(otherwise);
    },
  };
}
