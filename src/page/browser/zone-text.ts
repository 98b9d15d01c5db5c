import type { SignedPacket } from '../../library/signed-packet.ts';

/** The records of a packet as a zone file, with names relative to the key. */
export function zoneTextOf({ key, records }: SignedPacket): string {
  const apex = `${key}.`;
  const lines = records.map(({ name, ttl, type, data }) => {
    const owner = name === apex ? '@' : name.slice(0, -apex.length - 1);
    return `${owner} ${ttl} ${type} ${data}\n`;
  });
  return lines.join('');
}
