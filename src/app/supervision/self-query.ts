import { randomInt } from 'node:crypto';
import type { ListenAddress } from '../../config/listen-address.ts';
import { Class, Type } from '../../dns/codes.ts';
import { encodeMessage, queryMessage } from '../../dns/message.ts';
import { Name } from '../../dns/name.ts';
import { isWildcard } from '../../serve/own-hosts.ts';
import { openPeer } from '../../system/open-peer.ts';

/** Answered by every pkarrd at once, without a cache and without asking anybody (RFC 6761 §6.3). */
const question = { name: Name.parse('localhost'), type: Type.A, class: Class.IN };

/** Whether we answer, over UDP and through the kernel, as any other program would ask. */
export class SelfQuery {
  readonly #addresses: () => readonly ListenAddress[];
  /** The address that answered last; after a silence the next is asked, for an interface may be gone. */
  #at = 0;

  /** `addresses` are those that are listened on. */
  constructor(addresses: () => readonly ListenAddress[]) {
    this.#addresses = addresses;
  }

  /** Resolves to whether an answer came within so many milliseconds. Never rejects. */
  async isAnswered(withinMs: number): Promise<boolean> {
    const addresses = this.#addresses();
    const address = addresses[this.#at % addresses.length];
    const isAnswered = address !== undefined && (await ask(address, withinMs));
    if (!isAnswered) this.#at = (this.#at + 1) % Math.max(1, addresses.length);
    return isAnswered;
  }
}

function ask({ host, port }: ListenAddress, withinMs: number): Promise<boolean> {
  const id = randomInt(0x1_0000);
  const peer = openPeer({ host: isWildcard(host) ? loopbackOf(host) : host, port, nextLocalPort: () => 0 });
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const end = (isAnswered: boolean) => {
      clearTimeout(timer);
      peer.close();
      resolve(isAnswered);
    };
    timer = setTimeout(end, withinMs, false);
    peer.send(encodeMessage({ ...queryMessage(question), id }), {
      received: (octets) => {
        const isReply = octets.length > 2 && (((octets[0] ?? 0) << 8) | (octets[1] ?? 0)) === id;
        if (isReply) end(true);
      },
      // The time is waited for: who asks again at once would do so many times.
      failed: () => {},
    });
  });
}

function loopbackOf(wildcard: string): string {
  return wildcard.includes(':') ? '::1' : '127.0.0.1';
}
