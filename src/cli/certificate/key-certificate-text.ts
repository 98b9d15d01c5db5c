/** The certificate of a key as it was written. */
export interface WrittenKeyCertificate {
  /** The public key. */
  readonly key: string;
  /** An absolute path. */
  readonly file: string;
}

/** What was written, how a web server and the zone use it, and what is safer. */
export function keyCertificateText({ key, file }: WrittenKeyCertificate): string {
  return `The certificate of ${key}
was written to ${file}, with the secret key. It has no end.

The web server that has this file holds the secret of the zone: who breaks into it can publish anything
under the key, and nobody can take that back. Safer is a key for the site alone, SITE here:
  pkarrd keygen --out site.key
  pkarrd certificate --key site.key
and aliases to it in the zone of the key, whose own key file then stays off the web server:
  @    HTTPS  0 SITE.
  www  CNAME  SITE.
The zone of SITE, signed with site.key, has the address of the web server and the HTTPS record below.

In the zone file, which tells clients that there is TLS:
  @  HTTPS  1 .

nginx:
  listen 443 ssl default_server;
  ssl_protocols TLSv1.3;
  ssl_certificate ${file};
  ssl_certificate_key ${file};

Caddy, in a site that is called :443, so that it serves both names:
  tls ${file} ${file}
`;
}
