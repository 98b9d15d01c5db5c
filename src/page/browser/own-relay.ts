import type { KeyPair, PublicKey } from '../../library/keys.ts';
import { SignedPacket } from '../../library/signed-packet.ts';
import { plural } from '../../observe/count-text.ts';
import { octetsFromHex } from '../../octets/text.ts';
import type { LookUpStep, PacketView } from '../look-up/step.ts';
import { sections } from '../sections.ts';
import { readLines } from './read-lines.ts';

/** The relay of this pkarrd did not do what it was asked. The message is a sentence. */
export class RelayProblem extends Error {
  /** A packet of the key was published elsewhere. */
  readonly isElsewhere: boolean;

  constructor(message: string, { isElsewhere = false }: { readonly isElsewhere?: boolean } = {}) {
    super(message);
    this.isElsewhere = isElsewhere;
  }
}

/**
 * The newest packet of a key that the network holds; undefined when there is none. It is looked up as the section Look up does it,
 * to the end; and verified here. @throws RelayProblem
 */
export async function readNewest(key: PublicKey): Promise<SignedPacket | undefined> {
  const response = await ask(`${sections['look-up'].path}/steps?name=${key}`, {});
  if (!response.ok || response.body === null) throw new RelayProblem(await sentenceOf(response));
  let newest: PacketView | undefined;
  for await (const step of readLines<LookUpStep>(response.body)) {
    if (step.kind === 'problem') throw new RelayProblem(step.sentence);
    if (step.kind === 'packet') newest = step.packet;
    if (step.kind !== 'network') continue;
    const { outcome, text } = step.network;
    if (outcome === 'found' || outcome === 'absent') break;
    throw new RelayProblem(`What the network holds of this key is not known: ${text ?? outcome}.`);
  }
  return newest === undefined ? undefined : SignedPacket.fromRelayPayload(key, payloadOf(newest));
}

/** Signature, timestamp and message, as a relay sends them. */
function payloadOf({ signature, timestamp, message }: PacketView): Uint8Array {
  const date = BigInt(timestamp).toString(16).padStart(16, '0');
  return octetsFromHex(signature + date + message);
}

/** Signs a message and puts the packet. `nodes`: how many of the DHT stored it. @throws RelayProblem */
export async function writeToRelay(
  keyPair: KeyPair,
  message: Uint8Array,
  after: SignedPacket | undefined,
): Promise<{ readonly packet: SignedPacket; readonly nodes: number }> {
  const packet = SignedPacket.sign(keyPair, message, { after });
  const response = await ask(`/${packet.key}`, { method: 'PUT', body: packet.toRelayPayload() });
  if (response.status === 409)
    throw new RelayProblem('Somebody published a newer packet meanwhile. Publish again to replace it.');
  if (!response.ok) throw new RelayProblem(await sentenceOf(response));
  return { packet, nodes: Number(response.headers.get('pkarr-dht-stored-nodes') ?? 0) };
}

async function ask(path: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(path, request);
  } catch {
    throw new RelayProblem('pkarrd does not answer. Is it running?');
  }
}

async function sentenceOf(response: Response): Promise<string> {
  const said = (await response.text()).trim();
  const wait = response.headers.get('retry-after');
  const when = wait === null ? '' : ` Try again in ${plural(Number(wait), 'second')}.`;
  return `pkarrd did not do it (${response.status}): ${said}${when}`;
}
