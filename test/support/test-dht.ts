import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KeyPair } from '../../src/pkarr/key-pair.ts';
import { writeKeyFile } from '../../src/publish/key-file.ts';
import { pkarrd, RunningCommand } from './command.ts';

/** A key for commands, with its file. */
export interface TestKeyFile {
  readonly keyPair: KeyPair;
  /** The 52 characters of the public key. */
  readonly key: string;
  readonly keyFile: string;
  /** Where its zone file may be written. */
  readonly zone: string;
}

/** A DHT on loopback that is a process of its own, and a directory for the files of the tests that use it. */
export interface TestDht {
  readonly directory: string;
  /** The address of a node: `127.0.0.1:6881`. */
  readonly bootstrap: string;
  /** The flags of a command that is to use this DHT. */
  readonly network: readonly string[];
  /** A path in the directory. */
  path(name: string): string;
  /** A new key, in a file of the directory that no other key has: `name` tells what it is for. */
  newKey(name: string): TestKeyFile;
  /** The addresses that the DHT has under a key now, a line for each; empty if there are none. */
  addressesOf(key: string): Promise<string>;
  /** Ends it, and removes the directory. */
  close(): Promise<void>;
}

/** Starts a DHT of `pkarrd testnet`. */
export async function startTestDht({ nodes = 20 }: { readonly nodes?: number } = {}): Promise<TestDht> {
  const directory = mkdtempSync(join(tmpdir(), 'pkarrd-test-dht-'));
  const path = (name: string) => join(directory, name);
  const testnet = new RunningCommand(['testnet', '--nodes', String(nodes)]);
  const [, bootstrap = ''] = await testnet.printed(/^(127\.0\.0\.1:\d+)\n/);
  const network = ['--bootstrap', bootstrap];
  let count = 0;
  return {
    ...{ directory, bootstrap, network, path },
    newKey(name) {
      const keyPair = KeyPair.generate();
      const base = path(`${++count}-${name}`);
      const [keyFile, zone] = [`${base}.key`, `${base}.zone`];
      writeKeyFile(keyFile, keyPair);
      return { keyPair, key: keyPair.publicKey.text, keyFile, zone };
    },
    async addressesOf(key) {
      return (await pkarrd(['resolve', key, 'A', '--newest', '--short', ...network])).out.trim();
    },
    async close() {
      const { code, err } = await testnet.stop('SIGINT');
      rmSync(directory, { recursive: true });
      if (code !== 0) throw new Error(`testnet ended with ${code}: ${err}`);
    },
  };
}
