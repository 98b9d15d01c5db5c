import { type ResourceRecord, rdataName } from '../../dns/record.ts';

/**
 * Whether these records of a name below the apex delegate it to other servers: whether one of its NS records can name a
 * server. RFC 1035 §3.3.11: "A <domain-name> which specifies a host". What has a character that no host has, even among
 * those that people use against RFC 952, is plain data: did:dht puts a URL into an NS record beside its other data.
 */
export function isZoneCut(servers: readonly Pick<ResourceRecord, 'rdata'>[]): boolean {
  return servers.some(({ rdata }) =>
    rdataName(rdata).labels.every((label) => /^[\w\x80-\xff-]+$/.test(label)),
  );
}
