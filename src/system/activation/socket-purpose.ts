/** What clients speak at an inherited socket. */
export type SocketPurpose = 'dns' | 'dot' | 'doh' | 'http';

/** `FileDescriptorName=dot`, or its default: the name of a unit such as `pkarrd-dot.socket` (systemd.socket(5)). */
const NAMED = /^(?:.+-)?(dot|doh|http)(?:\.socket)?$/;

/**
 * What a socket with this `FileDescriptorName=` is for: an address does not tell, since any protocol may be served at any
 * port. Plain DNS unless the name says otherwise.
 */
export function purposeOf(name: string): SocketPurpose {
  return (NAMED.exec(name)?.[1] as SocketPurpose | undefined) ?? 'dns';
}
