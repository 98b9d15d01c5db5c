import { rmSync, writeFileSync } from 'node:fs';
import { makeKeyCertificate } from '../../../src/certificate/key-certificate.ts';
import { Rcode } from '../../../src/dns/codes.ts';
import { KeyPair } from '../../../src/pkarr/key-pair.ts';
import { secretPem } from '../../../src/pkarr/key-pem.ts';
import { RunningCommand } from '../../support/command.ts';
import { onNode, type Program } from '../../support/programs.ts';
import { reply, type ScriptedUpstream, startScriptedUpstream } from '../../support/scripted-upstream.ts';
import { Internet, routerAddress } from './internet.ts';
import { startWatchedDht, type WatchedDht } from './watched-dht.ts';

/** The machine under test: pkarrd on it, between a DHT, an upstream resolver that knows no name, and the Internet. */
export interface Scene extends AsyncDisposable {
  readonly internet: Internet;
  readonly dht: WatchedDht;
  readonly upstream: ScriptedUpstream;
  /** Starts pkarrd, and waits until it is ready. It ends with the file. */
  start(flags: readonly string[], program?: Program): Promise<RunningCommand>;
}

/** Sets it up, with a resolver of the system that does not answer, and so many nodes of a DHT. */
export async function setUpScene(nodes?: number): Promise<Scene> {
  const internet = await Internet.start();
  const dht = await startWatchedDht(nodes);
  const upstream = await startScriptedUpstream({
    script: (query) => reply(query, { rcode: Rcode.NXDOMAIN }),
  });
  writeResolvConf(`nameserver ${routerAddress}`);
  return {
    internet,
    dht,
    upstream,
    async start(flags, program = onNode) {
      const words = ['serve', '--config', '/dev/null', '--bootstrap', dht.bootstrap];
      const command = new RunningCommand(
        [...words, '--upstream', `${upstream.address}:${upstream.port}`, ...flags],
        { program: program.words },
      );
      await command.printed(/Ready\./);
      return command;
    },
    async [Symbol.asyncDispose]() {
      await upstream.close();
      await dht[Symbol.asyncDispose]();
      await internet[Symbol.asyncDispose]();
    },
  };
}

/** Writes resolv.conf(5) of this machine, which is the tests' own. */
export function writeResolvConf(...lines: readonly string[]): void {
  rmSync('/etc/resolv.conf', { force: true });
  writeFileSync('/etc/resolv.conf', lines.map((line) => `${line}\n`).join(''));
}

/** A key, with the certificate that is made of it. */
export interface SiteKey {
  readonly pair: KeyPair;
  /** The name: 52 characters. */
  readonly text: string;
  readonly tls: { readonly cert: string; readonly key: string };
}

/** A new key. */
export function newKey(): SiteKey {
  const pair = KeyPair.generate();
  return { pair, text: pair.publicKey.text, tls: { cert: makeKeyCertificate(pair), key: secretPem(pair) } };
}
