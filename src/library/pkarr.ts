/**
 * `pkarrd/pkarr`: keys, signed packets and zone files, for Node, Bun and browsers. Nothing here sends anything.
 *
 * Names that this module exports are added to within a major version, and neither removed nor changed.
 */
export { PkarrError, type PkarrFault } from './error.ts';
export { KeyPair, PublicKey } from './keys.ts';
export { SignedPacket, type SignOptions } from './signed-packet.ts';
export {
  type CompiledZone,
  compileZone,
  MAX_MESSAGE_LENGTH,
  type ZoneMessage,
  type ZoneRecord,
} from './zone.ts';
