import { randomBytes } from 'node:crypto';
import bencode from 'bencode';
import type { NodeAddress } from '../../../src/mainline/dht-node.ts';
import { type MainlineEnvironment, machineEnvironment } from '../../../src/mainline/node/node.ts';
import type { Datagrams, DatagramsOptions } from '../../../src/mainline/socket/datagrams.ts';

/** A message as the `bencode` package reads it; nothing is checked. */
export interface PlainMessage {
  readonly t?: unknown;
  readonly y?: unknown;
  readonly q?: unknown;
  readonly a?: unknown;
}

/** A network card made of memory: what a node sends is seen, and what it receives is made up. */
export interface Wire {
  readonly environment: MainlineEnvironment;
  /** Errors that were thrown inside the DHT packages. */
  readonly faults: readonly unknown[];
  readonly sent: readonly { readonly to: NodeAddress; readonly message: PlainMessage }[];
  /** Gives the node a datagram. */
  putPacket(datagram: Uint8Array, from: NodeAddress): void;
  /** Makes sending fail with this system error code from now on, or work again. */
  failWith(errorCode: string | undefined): void;
  /** Answers each query later with the bytes that `answer` gives. */
  answerWith(answer: (message: PlainMessage, to: NodeAddress) => Uint8Array | undefined): void;
}

/** Makes a wire for one node. */
export function newWire(): Wire {
  const sent: { to: NodeAddress; message: PlainMessage }[] = [];
  const faults: unknown[] = [];
  let receiver: DatagramsOptions | undefined;
  let errorCode: string | undefined;
  let answer: Parameters<Wire['answerWith']>[0] = () => undefined;
  const datagrams: Datagrams = {
    port: 6881,
    send(datagram, to, done) {
      if (errorCode !== undefined) return void process.nextTick(done, errorCode);
      const message = { ...Object(bencode.decode(datagram)) };
      sent.push({ to, message });
      const bytes = answer(message, to);
      process.nextTick(done);
      if (bytes !== undefined) setImmediate(() => receiver?.onDatagram(bytes, to));
    },
    close: async () => {},
  };
  return {
    environment: {
      ...machineEnvironment,
      randomBytes,
      openDatagrams: async (options) => {
        receiver = options;
        return datagrams;
      },
      onFault: (error) => faults.push(error),
    },
    faults,
    sent,
    putPacket: (datagram, from) => receiver?.onDatagram(datagram, from),
    failWith: (code) => {
      errorCode = code;
    },
    answerWith: (newAnswer) => {
      answer = newAnswer;
    },
  };
}
