import { join } from 'node:path';
import { freePort } from '../../support/free-port.ts';

/** What a configuration of a program that does a bit of everything is made of. */
export interface ConfigurationParts {
  /** Where its files are: a hosts file, a certificate in `tls`, `my.zone` and `my.key`. */
  readonly directory: string;
  readonly upstream: { readonly port: number };
  /** A node of the DHT. */
  readonly bootstrap: string;
  /** A key that is kept in the network. */
  readonly friend: string;
}

/** The configuration. One of its publications has no file, and one upstream is dead. Workers are set in line 7. */
export async function configuration(parts: ConfigurationParts): Promise<string> {
  const { directory, upstream, bootstrap, friend } = parts;
  const alive = `127.0.0.1:${upstream.port}`;
  return `listen = ["127.0.0.1:0"]
upstream = ["${alive}", "/routed.example/${alive}", "/dead.example/127.0.0.1:${await freePort()}"]
bootstrap = ["${bootstrap}"]
dht-listen = "127.0.0.1"
hosts = "${join(directory, 'hosts')}"
suffix = ["keys.example"]
workers = 2
tls-listen = ["127.0.0.1:${await freePort()}"]
certificate = "${join(directory, 'tls/server.pem')}"
certificate-key = "${join(directory, 'tls/server.key')}"
log-level = "info"

[[publish]]
zone = "my.zone"
key = "my.key"
name = "mine"
origin = "example.com"

[[publish]]
zone = "bad.zone"
key = "absent.key"

[[keep]]
key = "${friend}"
name = "a friend"
`;
}
