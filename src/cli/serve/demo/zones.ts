import type { PublicKey } from '../../../pkarr/public-key.ts';

/** The ordinary name that the stand-in upstream knows. */
export const ORDINARY_NAME = 'www.example.com.';

/** A zone with many kinds of records; some point to the zone of `other`. Its site is a server of this machine. */
export function firstZone(other: PublicKey, site: { readonly port: number }): string {
  return `
$TTL 300
@           A      192.0.2.1
@           AAAA   2001:db8::1
@           TXT    "This name is a public key." "Its owner signed this."
@           MX     10 mail
@           CAA    0 issue "ca.example.net"
@           HTTPS  1 site port=${site.port}
site        A      127.0.0.1
www         A      192.0.2.80
www         AAAA   2001:db8::80
www         HTTPS  1 site port=${site.port}
mail        A      192.0.2.25
_sip._udp   SRV    10 5 5060 mail
mail        SSHFP  4 2 ( 9f56b6b0a1c3e24d5a7f0d2b4c6e8091
                         a2b3c4d5e6f708192a3b4c5d6e7f8091 )

blog        CNAME  www                 ; within the zone
friend      CNAME  www.${other}.       ; to another key
shop        CNAME  ${ORDINARY_NAME}    ; to an ordinary name
svc         HTTPS  0 www.${other}.     ; the same, for HTTPS alone
old         DNAME  new                 ; names below old become names below new
page.new    A      192.0.2.90

*.user      A      192.0.2.42          ; any name below user
host.empty  A      192.0.2.77          ; empty exists, but has no records
data        TYPE65400 \\# 6 706b61727264 ; a type without a mnemonic
`;
}

/** The zone that the first one points to, with the records that are too large for the first. */
export function secondZone(): string {
  const addresses = Array.from({ length: 28 }, (_, i) => `many A 198.51.100.${i + 1}`);
  return `
$TTL 300
www         A      203.0.113.80
www         HTTPS  1 . alpn=h2
long        TXT    "${'long '.repeat(40)}" "${'text '.repeat(40)}"
${addresses.join('\n')}
`;
}
